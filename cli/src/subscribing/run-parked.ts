import { EventsService } from '@nova/proto/gen/events/events_service_pb';
import type { ParkedDelivery } from '@nova/proto/gen/events/subscriptions_pb';
import { aggregateArgument } from '../aggregate-argument.ts';
import { allPages } from '../all-pages.ts';
import { withEventsClient } from '../calls.ts';
import { dateOf } from '../date-of.ts';
import { durationText } from '../duration.ts';
import type { Output } from '../output.ts';
import type { ExitCode, Invocation } from '../verb.ts';

type Call = Pick<Invocation, 'args' | 'out' | 'environment' | 'portOffset'>;

/** `subscribe parked list`: exit code 1 when something is. @throws RpcError */
export async function runParkedList(call: Call): Promise<ExitCode> {
  const [subscription = ''] = call.args;
  const parked = await withEventsClient(EventsService, call, (client) =>
    allPages(
      (pageToken) => client.listSubscriptionParked({ subscription, pageSize: 500, pageToken }),
      (page) => page.parked,
    ),
  );
  if (call.out.format === 'json') call.out.json(parked.map(document));
  else print(parked, call.out);
  return parked.length === 0 ? 0 : 1;
}

/** `subscribe parked replay` and `discard`. @throws RpcError, CLI_WRONG_USE */
export async function runParkedAct(call: Call, act: 'replay' | 'discard'): Promise<ExitCode> {
  const [subscription = '', aggregate] = call.args;
  const selection = { subscription, ...aggregateArgument(aggregate) };
  const count = await withEventsClient(EventsService, call, async (client) =>
    act === 'replay'
      ? (await client.replaySubscriptionParked({ selection })).replayed
      : (await client.discardSubscriptionParked({ selection })).discarded,
  );
  const done = act === 'replay' ? 'handed out again' : 'discarded';
  if (call.out.format === 'json') call.out.json({ [act]: count });
  else call.out.line(`${done}: ${count}, and what waits behind`);
  return aggregate !== undefined && count === 0n ? 1 : 0;
}

function print(parked: readonly ParkedDelivery[], out: Output): void {
  if (parked.length === 0) {
    out.note('nothing is parked');
    return;
  }
  out.table(
    [
      { title: 'AGGREGATE' },
      { title: 'EVENT TYPE' },
      { title: 'ATTEMPTS', align: 'right' },
      { title: 'BEHIND', align: 'right' },
      { title: 'FOR', align: 'right' },
      { title: 'REASON' },
    ],
    parked.map((one) => [
      `${one.aggregateType}/${one.aggregateId}`,
      one.eventType,
      String(one.attempts),
      String(one.held),
      durationText(Math.max(0, Date.now() - (dateOf(one.parkedAt)?.getTime() ?? 0))),
      one.reason,
    ]),
  );
}

function document(one: ParkedDelivery) {
  return {
    position: one.position,
    event_id: one.eventId,
    event_type: one.eventType,
    aggregate_type: one.aggregateType,
    aggregate_id: one.aggregateId,
    attempts: one.attempts,
    held: one.held,
    reason: one.reason,
    parked_at: dateOf(one.parkedAt)?.toISOString(),
  };
}
