import { NovaError } from '@nova/errors';
import { formatPosition, type LogPosition } from '@nova/events';
import { type EventFilter, type LogState, logHead, readWindow } from '@nova/outbox';
import { errors } from '../errors.ts';
import type { ReadGate } from '../storage/read-gate.ts';
import type { Dependencies } from './dependencies.ts';

/** A follower looks at the log at least this often, in case a notification was lost. */
const POLL_MS = 1_000;
/** What one query looks at: positions, more of them where a filter leaves most out, and bytes. */
const WINDOW_ROWS = 1_000;
const FILTERED_WINDOW_ROWS = 10_000;
const WINDOW_BYTES = 1024 * 1024;

/** What of the log is read, and whether the reader stays. */
export interface LogReading {
  /** Events after this position; undefined = from the beginning. */
  readonly from: LogPosition | undefined;
  readonly filter: EventFilter;
  readonly headersOnly?: boolean;
  readonly follow: boolean;
  /** Shared by readers that may be many. */
  readonly gate?: ReadGate;
}

/** What one query of the log found; `atHead` when there was nothing after the one before. */
export type LogWindow = Awaited<ReturnType<typeof readWindow>> & { readonly atHead: boolean };

/**
 * The log in order, window by window. The next one is read only after the last was taken.
 *
 * @throws POSITION_LOST when `from` belongs to no epoch of the log, or the log was restored to an
 *   earlier state under a reader that has read further.
 */
export async function* windowsOf(
  { database, growth }: Pick<Dependencies, 'database' | 'growth'>,
  { from, follow, headersOnly = false, filter, gate }: LogReading,
  signal: AbortSignal,
): AsyncGenerator<LogWindow> {
  let cursor = from;
  if (cursor !== undefined) checkPosition(cursor, await logHead(database));
  const limit = Object.keys(filter).length === 0 ? WINDOW_ROWS : FILTERED_WINDOW_ROWS;
  while (!signal.aborted) {
    const watch = growth.watch();
    const after = cursor?.position ?? 0n;
    const read = () =>
      readWindow(database, { after, limit, maxBytes: WINDOW_BYTES, headersOnly, ...filter });
    const window = await (gate === undefined ? read() : gate.pass(read));
    const isSameEpoch = cursor === undefined || cursor.epoch === window.scanned.epoch;
    if (cursor !== undefined && !isSameEpoch) checkPosition(cursor, await logHead(database));
    const atHead = window.scanned.position <= after;
    yield { ...window, atHead };
    if (atHead && !follow) return;
    cursor = window.scanned;
    if (atHead) await watch.wait(POLL_MS, signal);
  }
}

/**
 * A position is valid while its epoch is known and it lies below the next epoch (DECISIONS 6).
 *
 * @throws POSITION_LOST
 */
export function checkPosition(from: LogPosition, log: LogState): void {
  const index = log.epochs.findIndex(({ epoch }) => epoch === from.epoch);
  const next = log.epochs[index + 1]?.firstPosition ?? log.head.position + 1n;
  if (index < 0 || from.position >= next) {
    throw new NovaError(errors.POSITION_LOST, { position: formatPosition(from) });
  }
}
