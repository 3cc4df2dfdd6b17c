import type { RelayContext } from './context.ts';
import type { Lane } from './lane.ts';
import type { LogWindow } from './log-source.ts';
import { reachOf } from './reach.ts';
import { rebaseOn } from './rebase.ts';

/** A window while it is read: the events of these lanes above `after`. */
export interface WindowRead {
  readonly lanes: ReadonlySet<Lane>;
  readonly after: bigint;
  /**
   * Undefined when there is nothing above `after`, or the log is another one. Rejects with what the
   * log source throws; nobody needs to hear it.
   */
  readonly window: Promise<HeadedWindow | undefined>;
}

/** A window, and the head of the log when it was read. */
export interface HeadedWindow extends Omit<LogWindow, 'hasMore'> {
  readonly head: bigint;
}

/**
 * Begins to read a window. Nothing of the lanes changes by it, so it may be left unused.
 *
 * @param known a head that was read before; where it is beyond the window, the answer to the next look
 *   is not waited for before PostgreSQL is asked for events
 */
export function readWindow(
  context: RelayContext,
  lanes: readonly Lane[],
  after: bigint,
  known = 0n,
): WindowRead {
  const window = read(context, lanes, after, known);
  window.catch(() => {});
  return { lanes: new Set(lanes), after, window };
}

/**
 * Whether a window that was begun earlier is the one that these lanes would read now: nobody came to
 * them since, and none is behind it. Where the log has lost its end, its lanes are others (see rebase).
 */
export function isFor({ lanes: readFor, after }: WindowRead, lanes: readonly Lane[]): boolean {
  return lanes.every((lane) => readFor.has(lane) && lane.cursor >= after);
}

async function read(
  context: RelayContext,
  lanes: readonly Lane[],
  after: bigint,
  known: bigint,
): Promise<HeadedWindow | undefined> {
  const { source, settings, log, table } = context;
  const { windowRows: rows, windowBytes: bytes } = settings;
  const end = after + reachOf(rows, lanes.length);
  const range = { after, lanes: lanes.map(({ lane }) => lane), rows, bytes };
  const look = log.look(table.front());
  const asked = source.head();
  const begun = end <= known ? source.read({ ...range, upto: end }) : undefined;
  const [head] = await Promise.all([asked, begun]);
  // The lanes are others then: the next window is read for them.
  if (rebaseOn(context, look, head)) return undefined;
  if (after >= head.position) return undefined;
  const upto = end < head.position ? end : head.position;
  const { events, scanned } = await (begun ?? source.read({ ...range, upto }));
  return { events, scanned, head: head.position };
}
