import { EventsService, type RelayParkedAggregate } from '@nova/proto/gen/events/events_service_pb';
import { aggregateArgument } from '../aggregate-argument.ts';
import { allPages } from '../all-pages.ts';
import { withEventsClient } from '../calls.ts';
import { dateOf } from '../date-of.ts';
import { durationText } from '../duration.ts';
import type { Output } from '../output.ts';
import { type ExitCode, type Invocation, wrongUse } from '../verb.ts';

type Call = Pick<Invocation, 'args' | 'out' | 'environment' | 'portOffset'>;

/** `relay parked list`. @throws RpcError */
export async function runParkedList(call: Call): Promise<ExitCode> {
  const parked = await withEventsClient(EventsService, call, (client) =>
    allPages(
      (pageToken) => client.listRelayParked({ pageToken }),
      ({ aggregates }) => aggregates,
    ),
  );
  if (call.out.format === 'json') call.out.json(parked.map(document));
  else print(parked, call.out);
  return parked.length === 0 ? 0 : 1;
}

/** `relay parked retry`. @throws RpcError, CLI_WRONG_USE */
export async function runParkedRetry(call: Call): Promise<ExitCode> {
  const [given, ...more] = call.args;
  if (more.length > 0) throw wrongUse('one aggregate at a time, or none for all of them');
  const aggregate = aggregateArgument(given);
  const { retried } = await withEventsClient(EventsService, call, (client) =>
    client.retryRelayParked(aggregate),
  );
  if (call.out.format === 'json') call.out.json({ retried });
  else call.out.line(`tried now: ${retried} of what is parked; see ./nova relay parked list`);
  return given !== undefined && retried === 0n ? 1 : 0;
}

function print(parked: readonly RelayParkedAggregate[], out: Output): void {
  if (parked.length === 0) {
    out.note('nothing is parked in the relay');
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
    parked.map((one) => [
      `${one.aggregateType}/${one.aggregateId}`,
      one.eventType,
      String(one.aggregateVersion),
      String(one.waitingEvents),
      String(one.attempts),
      durationText(Math.max(0, Date.now() - (dateOf(one.firstFailedAt)?.getTime() ?? 0))),
      one.reason.split('\n')[0] ?? '',
    ]),
  );
}

function document(one: RelayParkedAggregate) {
  return {
    aggregate_type: one.aggregateType,
    aggregate_id: one.aggregateId,
    event_id: one.eventId,
    event_type: one.eventType,
    aggregate_version: one.aggregateVersion,
    position: one.position,
    error_code: one.errorCode,
    reason: one.reason,
    attempts: one.attempts,
    first_failed_at: dateOf(one.firstFailedAt)?.toISOString(),
    failed_at: dateOf(one.failedAt)?.toISOString(),
    next_attempt_at: dateOf(one.nextAttemptAt)?.toISOString(),
    waiting_events: one.waitingEvents,
  };
}
