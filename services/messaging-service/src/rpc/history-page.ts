import { gatherPage } from '@nova/service-kit';
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

/** Reads at most `size` messages from a sequence number on, itself included; fewer large ones. */
export async function readHistory(
  views: Views,
  reader: Reader,
  { way, from }: { readonly way: Way | 'around'; readonly from: bigint },
  size: number,
): Promise<HistoryPage> {
  const readOlder = async (upTo: bigint, limit: number) =>
    (await olderMessages(views, reader, upTo, limit)).reverse();
  const readNewer = async (since: bigint, limit: number) =>
    since >= END ? [] : await newerMessages(views, reader, since, limit);
  const sizes = sizesOf(way, size);
  const older = await part(sizes.older, (last, limit) =>
    readOlder(last === undefined ? from : last - 1n, limit),
  );
  const start = way === 'around' ? from + 1n : from;
  const newer = await part(sizes.newer, (last, limit) =>
    readNewer(last === undefined ? start : last + 1n, limit),
  );
  const messages = [...older.toReversed(), ...newer];
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

function sizesOf(way: Way | 'around', size: number) {
  if (way === 'older') return { older: size, newer: 0 };
  if (way === 'newer') return { older: 0, newer: size };
  // The message itself counts as one of the older half.
  const older = Math.ceil(size / 2);
  return { older, newer: size - older };
}

/** Messages one way, from the nearest on; `read` goes on after the sequence number of the last. */
async function part(
  size: number,
  read: (last: bigint | undefined, limit: number) => Promise<NamedMessage[]>,
): Promise<readonly NamedMessage[]> {
  if (size === 0) return [];
  const { rows } = await gatherPage<NamedMessage>({ size }, (last, limit) =>
    read(last === undefined ? undefined : BigInt(last.sequence), limit),
  );
  return rows;
}
