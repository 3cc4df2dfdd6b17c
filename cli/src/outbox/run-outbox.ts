import {
  type OutboxStanding,
  outboxStanding,
  type RefusedAggregate,
  refusedAggregates,
  retryRefused,
} from '@nova/outbox/local';
import { aggregateArgument } from '../aggregate-argument.ts';
import { durationText } from '../duration.ts';
import type { Output } from '../output.ts';
import { type ExitCode, type Invocation, wrongUse } from '../verb.ts';
import { withTeamOutbox } from './team-outbox.ts';

type Call = Pick<Invocation, 'args' | 'out' | 'environment'>;

/** `outbox status`. @throws as `withTeamOutbox` */
export async function runOutboxStatus(call: Call): Promise<ExitCode> {
  const standing = await withTeamOutbox(call, call.args[0], outboxStanding);
  if (call.out.format === 'json') call.out.json(standingDocument(standing));
  else printStanding(standing, call.out);
  const isStuck = !standing.isForwarded && standing.pending > 0;
  return isStuck || standing.parkedAggregates > 0 ? 1 : 0;
}

/** `outbox parked list`. @throws as `withTeamOutbox` */
export async function runOutboxParked(call: Call, count: number): Promise<ExitCode> {
  const [{ parkedAggregates }, refused] = await withTeamOutbox(call, call.args[0], (database) =>
    Promise.all([outboxStanding(database), refusedAggregates(database, count)]),
  );
  if (call.out.format === 'json') call.out.json(refused.map(refusedDocument));
  else printRefused(refused, parkedAggregates, call.out);
  return refused.length === 0 ? 0 : 1;
}

/** `outbox parked retry`. @throws as `withTeamOutbox` */
export async function runOutboxRetry(call: Call): Promise<ExitCode> {
  const [service, given, ...more] = call.args;
  if (more.length > 0) throw wrongUse('one aggregate at a time, or none for all of them');
  const aggregate = aggregateArgument(given);
  const retried = await withTeamOutbox(call, service, (database) =>
    retryRefused(database, aggregate),
  );
  if (call.out.format === 'json') call.out.json({ retried });
  else {
    call.out.line(`to be tried now: ${retried}; see ./nova outbox parked list ${service}`);
  }
  return given !== undefined && retried === 0n ? 1 : 0;
}

function printStanding(standing: OutboxStanding, out: Output): void {
  const { pending, parkedAggregates, parkedEvents } = standing;
  const since = (ms: number | undefined) =>
    ms === undefined ? '' : `, oldest ${durationText(ms)} ago`;
  out.line(`forwarded  ${standing.isForwarded ? 'yes' : 'no: no instance of the service does it'}`);
  out.line(`pending    ${pending} events${since(standing.oldestPendingAgeMs)}`);
  const parked = `${parkedAggregates} aggregates with ${parkedEvents} events`;
  out.line(`parked     ${parked}${since(standing.oldestParkedAgeMs)}`);
  out.line(`reached    ${standing.logPosition ?? 'nothing is in nova yet'}`);
}

function standingDocument(standing: OutboxStanding) {
  return {
    is_forwarded: standing.isForwarded,
    pending: standing.pending,
    oldest_pending_age_ms: standing.oldestPendingAgeMs,
    parked_aggregates: standing.parkedAggregates,
    parked_events: standing.parkedEvents,
    oldest_parked_age_ms: standing.oldestParkedAgeMs,
    log_position: standing.logPosition,
  };
}

function printRefused(refused: readonly RefusedAggregate[], all: number, out: Output): void {
  if (refused.length === 0) {
    out.note('nova refuses nothing of it');
    return;
  }
  out.table(
    [
      { title: 'AGGREGATE' },
      { title: 'EVENT TYPE' },
      { title: 'VERSION', align: 'right' },
      { title: 'WAITING', align: 'right' },
      { title: 'ATTEMPTS', align: 'right' },
      { title: 'FOR', align: 'right' },
      { title: 'REASON' },
    ],
    refused.map((one) => [
      `${one.aggregateType}/${one.aggregateId}`,
      one.eventType ?? 'not kept',
      String(one.nextVersion),
      String(one.waiting),
      String(one.attempts),
      durationText(Math.max(0, Date.now() - one.parkedAt.getTime())),
      `${one.reason}: ${one.message.split('\n')[0]}`,
    ]),
  );
  if (all > refused.length) out.note(`${all} in all; --count shows more`);
}

function refusedDocument(one: RefusedAggregate) {
  return {
    aggregate_type: one.aggregateType,
    aggregate_id: one.aggregateId,
    source_version: one.nextVersion,
    event_id: one.eventId,
    event_type: one.eventType,
    waiting_events: one.waiting,
    reason: one.reason,
    message: one.message,
    attempts: one.attempts,
    parked_at: one.parkedAt.toISOString(),
    next_attempt_at: one.nextAttemptAt.toISOString(),
  };
}
