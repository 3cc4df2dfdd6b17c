import { formatPosition, type LogPosition, parsePosition } from '@nova/events';
import { wrongUse } from '../verb.ts';
import { STARTING_POINTS } from './starting-points.ts';

/** Where a person wants to begin. */
export type StartingPoint =
  | { readonly kind: 'beginning' }
  | { readonly kind: 'now' }
  | { readonly kind: 'after'; readonly position: LogPosition }
  /** The last so many events that match. */
  | { readonly kind: 'last'; readonly count: number };

/** @throws CLI_WRONG_USE */
export function parseStartingPoint(text: string): StartingPoint {
  if (text === 'beginning') return { kind: 'beginning' };
  if (text === 'now') return { kind: 'now' };
  const count = /^-(\d{1,6})$/.exec(text)?.[1];
  if (count !== undefined) return { kind: 'last', count: Number(count) };
  const position = parsePosition(text);
  if (position !== undefined) return { kind: 'after', position };
  throw wrongUse(`--from must be ${STARTING_POINTS}: ${text}`);
}

/**
 * The windows at the end of the log to look for the last `count` events in: each a position to read
 * from, ever further back, the last one (undefined) the beginning of the log.
 */
export function* windowsBack(head: LogPosition, count: number): Generator<string | undefined> {
  for (let size = BigInt(Math.max(count, 64)); size < head.position; size *= 8n) {
    yield formatPosition({ epoch: head.epoch, position: head.position - size });
  }
  yield undefined;
}
