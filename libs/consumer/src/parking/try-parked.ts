import type { Queryable } from '@nova/postgres';
import type { RowChange } from '@nova/projection';
import { type AggregateName, aggregateKey } from '../aggregate.ts';
import { type RoundContext, type WrittenRound, writeRound } from '../commit-round.ts';
import type { ConsumerContext } from '../context.ts';
import { deliveryOf } from '../delivery.ts';
import { failureOf, isDeadly, isOutage } from '../failure.ts';
import { readMarks } from '../marks.ts';
import { EVENTS_PER_AGGREGATE, readAggregates } from '../read-aggregates.ts';
import { roundOf } from '../round.ts';
import { readBlockedOne } from './parked-store.ts';

/** What a replay of an aggregate would come to. */
export interface TriedOut {
  readonly outcome: 'would_apply' | 'would_fail' | 'not_parked' | 'not_tried';
  /** Why it would fail or was not tried; '' when it would apply. */
  readonly detail: string;
  /** Of the failure, as a replay would write it down. */
  readonly fingerprint: string;
  /** Events that would be applied, of those that were tried. */
  readonly applied: number;
  /** At most 500: the next ones only where more wait. */
  readonly tried: number;
  readonly changes: readonly RowChange[];
  /** Effects that would be written. */
  readonly effects: number;
}

const NOTHING = { detail: '', fingerprint: '', applied: 0, tried: 0, changes: [], effects: 0 };

/**
 * Runs the handlers over what a parked aggregate waits for, in a transaction that is rolled back.
 * What would be written is told; nothing is. One that has killed the process is not tried.
 */
export async function tryParked(
  context: ConsumerContext,
  round: RoundContext,
  name: AggregateName,
): Promise<TriedOut> {
  const { database, log, turn } = context;
  const { generation } = round;
  const aggregate = aggregateKey(name);
  const blocked = await readBlockedOne(database, generation, name);
  if (blocked === undefined) return { outcome: 'not_parked', ...NOTHING };
  if (isDeadly(blocked.errorCode)) {
    const detail = 'it has killed the process; a replay tries it, once';
    return { ...NOTHING, outcome: 'not_tried', detail };
  }
  const { aggregateType, aggregateId } = name;
  const mark = (await readMarks(database, generation, [name])).get(aggregate);
  const afterVersion = mark?.version ?? 0n;
  const eventTypes = [...generation.eventTypes.keys()];
  const found = await readAggregates(log, [
    { aggregateType, aggregateId, afterVersion, eventTypes },
  ]);
  const events = (found.get(aggregate) ?? []).slice(0, EVENTS_PER_AGGREGATE);
  if (events.length === 0) return { outcome: 'would_apply', ...NOTHING };
  const deliveries = new Map([[aggregate, events.map((event) => deliveryOf(event))]]);
  const planned = roundOf(deliveries, { retried: new Set([aggregate]) });
  try {
    const written = await turn.take(() =>
      rolledBack(database, (tx) => writeRound(round, tx, planned)),
    );
    return told(written, events.length);
  } catch (thrown) {
    if (isOutage(thrown)) throw thrown;
    // The database refuses a row: a replay narrows it down to its event.
    const { code, reason, fingerprint } = failureOf(thrown);
    const detail = `${code}: ${reason}`;
    return { ...NOTHING, outcome: 'would_fail', detail, fingerprint, tried: events.length };
  }
}

function told({ result, rows, effects }: WrittenRound, tried: number): TriedOut {
  const [failed] = result.failures;
  const part = {
    applied: result.applied.length,
    tried,
    changes: rows.changes(),
    effects: effects.length,
  };
  if (result.invalid.length > 0) {
    const detail = 'the log has lost what its rows show; it is folded anew by itself';
    return { ...part, outcome: 'not_tried', detail, fingerprint: '' };
  }
  if (failed === undefined) return { ...part, outcome: 'would_apply', detail: '', fingerprint: '' };
  const { code, reason, fingerprint } = failureOf(failed.thrown);
  const { aggregateVersion } = failed.delivery.event;
  const detail = `version ${aggregateVersion}: ${code}: ${reason}`;
  return { ...part, outcome: 'would_fail', detail, fingerprint };
}

class RolledBack extends Error {}

/** What `work` answers, in a transaction of which nothing stays. */
async function rolledBack<T>(
  database: ConsumerContext['database'],
  work: (tx: Queryable) => Promise<T>,
): Promise<T> {
  let answer: { readonly value: T } | undefined;
  const end = new RolledBack('nothing of this stays');
  try {
    await database.transaction(async (tx) => {
      answer = { value: await work(tx) };
      throw end;
    });
  } catch (thrown) {
    if (thrown !== end || answer === undefined) throw thrown;
  }
  if (answer === undefined) throw new TypeError('a transaction was to be rolled back');
  return answer.value;
}
