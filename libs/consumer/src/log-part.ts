import { NovaError } from '@nova/errors';
import { formatPosition, LANES, type LogPosition, type StoredEvent } from '@nova/events';
import { type AggregateName, aggregateKey } from './aggregate.ts';
import type { ConsumerContext } from './context.ts';
import { errors } from './errors.ts';
import type { Generation } from './generation.ts';
import { readWhole } from './read-aggregates.ts';

/** More aggregates are a matter of a rebuild. */
export const MOST_AGGREGATES = 100_000;

const ALL_LANES = Array.from({ length: LANES }, (_, lane) => lane);

/** A part of the log, as an operator means it: what it leaves out does not matter. */
export interface LogPart {
  /** First and last position. */
  readonly from?: LogPosition;
  readonly to?: LogPosition;
  /** Stored then or later; RFC 3339, UTC, microseconds. */
  readonly storedSince?: string;
  /** Empty: all that the consumer consumes. */
  readonly eventTypes: readonly string[];
  readonly aggregateId?: string;
}

/** What of a part of the log concerns a consumer. */
export interface Survey {
  readonly aggregates: readonly AggregateName[];
  /** Events by type. */
  readonly events: ReadonlyMap<string, bigint>;
}

/**
 * Finds the aggregates that have events in a part of the log, in the order in which they come.
 *
 * @throws CONSUMER_POSITION_UNKNOWN, CONSUMER_REPLAY_TOO_LARGE
 */
export async function survey(
  { log, epochs, meters }: Pick<ConsumerContext, 'log' | 'epochs' | 'meters'>,
  generation: Generation,
  part: LogPart,
  signal: AbortSignal,
): Promise<Survey> {
  await epochs.ask(log);
  for (const position of [part.from, part.to]) {
    if (position === undefined || epochs.isValid(position)) continue;
    throw new NovaError(errors.CONSUMER_POSITION_UNKNOWN, { position: formatPosition(position) });
  }
  meters.readLog('refold');
  const aggregates = new Map<string, AggregateName>();
  const events = new Map<string, bigint>();
  for await (const found of partOf({ log }, generation, part, signal)) {
    const { aggregateType, aggregateId, eventType } = found;
    aggregates.set(aggregateKey(found), { aggregateType, aggregateId });
    events.set(eventType, (events.get(eventType) ?? 0n) + 1n);
    if (aggregates.size > MOST_AGGREGATES) {
      throw new NovaError(errors.CONSUMER_REPLAY_TOO_LARGE, { limit: MOST_AGGREGATES });
    }
  }
  return { aggregates: [...aggregates.values()], events };
}

async function* partOf(
  { log }: Pick<ConsumerContext, 'log'>,
  generation: Generation,
  part: LogPart,
  signal: AbortSignal,
): AsyncGenerator<StoredEvent> {
  const { to, storedSince = '', aggregateId } = part;
  const eventTypes =
    part.eventTypes.length > 0 ? part.eventTypes : [...generation.eventTypes.keys()];
  const first = part.from?.position ?? 1n;
  const isMeant = ({ position, storedAt }: StoredEvent) =>
    position.position >= first &&
    (to === undefined || position.position <= to.position) &&
    storedAt >= storedSince;
  if (aggregateId !== undefined) {
    // Not the log from one end to the other for the sake of one aggregate.
    const types = new Set(generation.tables.map(({ view }) => view.aggregateType));
    for (const aggregateType of types) {
      yield* (await readWhole(log, { aggregateType, aggregateId }, eventTypes)).filter(isMeant);
    }
    return;
  }
  const from = part.from === undefined || first === 1n ? undefined : before(part.from);
  const range = { from, lanes: ALL_LANES, eventTypes, headersOnly: true, signal };
  for await (const { events, scanned } of log.readLog(range)) {
    yield* events.filter(isMeant);
    if (to !== undefined && scanned.position >= to.position) return;
  }
}

function before({ epoch, position }: LogPosition): LogPosition {
  return { epoch, position: position - 1n };
}
