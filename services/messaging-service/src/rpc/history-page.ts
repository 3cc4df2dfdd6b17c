import {
  type NamedMessage,
  newerMessages,
  olderMessages,
  type Reader,
} from '../storage/chat-messages.ts';

type Views = Parameters<typeof olderMessages>[0];

/** Which way a history is read. */
export type Way = 'older' | 'newer';

/** A part of a history. */
export interface HistoryPage {
  /** By sequence number, the lowest first. */
  readonly messages: readonly NamedMessage[];
  /** Sequence number at which it goes on that way, included; undefined at its end. */
  readonly older: bigint | undefined;
  readonly newer: bigint | undefined;
}

/** Reads at most `size` messages from a sequence number on, itself included. */
export async function readHistory(
  views: Views,
  reader: Reader,
  { way, from }: { readonly way: Way | 'around'; readonly from: bigint },
  size: number,
): Promise<HistoryPage> {
  // Around: the message itself counts as one of the older half.
  const olderSize = way === 'around' ? Math.ceil(size / 2) : size;
  const older = way === 'newer' ? [] : await olderMessages(views, reader, from, olderSize);
  const newerFrom = way === 'around' ? from + 1n : from;
  const newerSize = way === 'around' ? size - olderSize : size;
  const isNewerRead = way !== 'older' && newerSize > 0;
  const newer = isNewerRead ? await newerMessages(views, reader, newerFrom, newerSize) : [];
  const messages = [...older, ...newer];
  const first = messages[0];
  const last = messages.at(-1);
  const below = (first === undefined ? from : BigInt(first.sequence)) - 1n;
  const above = (last === undefined ? from : BigInt(last.sequence)) + 1n;
  const [isOlder, isNewer] = [
    await olderMessages(views, reader, below, 1),
    // Nothing is above what was read from the very end.
    above > END ? [] : await newerMessages(views, reader, above, 1),
  ];
  return {
    messages,
    older: isOlder.length > 0 ? below : undefined,
    newer: isNewer.length > 0 ? above : undefined,
  };
}

/** Above the sequence number of any message. */
export const END = 2n ** 63n - 1n;
