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

/** Above the sequence number of any message. */
export const END = 2n ** 63n - 1n;

/** Reads at most `size` messages from a sequence number on, itself included. */
export async function readHistory(
  views: Views,
  reader: Reader,
  { way, from }: { readonly way: Way | 'around'; readonly from: bigint },
  size: number,
): Promise<HistoryPage> {
  const readOlder = async (upTo: bigint, limit: number) =>
    limit === 0 ? [] : await olderMessages(views, reader, upTo, limit);
  const readNewer = async (since: bigint, limit: number) =>
    limit === 0 || since >= END ? [] : await newerMessages(views, reader, since, limit);
  // Around: the message itself counts as one of the older half.
  const half = Math.ceil(size / 2);
  const olderSize = way === 'around' ? half : size;
  const newerSize = way === 'around' ? size - half : size;
  const messages = [
    ...(await readOlder(from, way === 'newer' ? 0 : olderSize)),
    ...(await readNewer(way === 'around' ? from + 1n : from, way === 'older' ? 0 : newerSize)),
  ];
  const [first, last] = [messages[0]?.sequence ?? from, messages.at(-1)?.sequence ?? from];
  const below = BigInt(first) - 1n;
  // Nothing is above what was read down from the very end.
  const above = from === END ? END : BigInt(last) + 1n;
  return {
    messages,
    older: (await readOlder(below, 1)).length > 0 ? below : undefined,
    newer: (await readNewer(above, 1)).length > 0 ? above : undefined,
  };
}
