import { EventsService } from '@nova/proto/gen/events/events_service_pb';
import type { ParkedDelivery } from '@nova/proto/gen/events/subscriptions_pb';
import { withEventsClient } from '../calls.ts';
import { durationText } from '../duration.ts';
import type { Output } from '../output.ts';
import { dateOf } from '../relay/date-of.ts';
import { type ExitCode, type Invocation, wrongUse } from '../verb.ts';

type Call = Pick<Invocation, 'args' | 'out' | 'environment' | 'portOffset'>;

/** `subscribe parked list`: exit code 1 when something is. @throws RpcError */
export async function runParkedList(call: Call): Promise<ExitCode> {
  const parked = await withEventsClient(EventsService, call, async (client) => {
    const found: ParkedDelivery[] = [];
    let pageToken = '';
    do {
      const [subscription = ''] = call.args;
      const page = await client.listSubscriptionParked({ subscription, pageSize: 500, pageToken });
      found.push(...page.parked);
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    return found;
  });
  if (call.out.format === 'json') call.out.json(parked.map(document));
  else print(parked, call.out);
  return parked.length === 0 ? 0 : 1;
}

/** `subscribe parked replay` and `discard`. @throws RpcError, CLI_WRONG_USE */
export async function runParkedAct(call: Call, act: 'replay' | 'discard'): Promise<ExitCode> {
  const [subscription = '', aggregate] = call.args;
  const slash = aggregate?.indexOf('/') ?? 0;
  if (aggregate !== undefined && slash < 1) {
    throw wrongUse(`an aggregate is named aggregate_type/aggregate_id: ${aggregate}`);
  }
  const selection = {
    subscription,
    aggregateType: aggregate?.slice(0, slash) ?? '',
    aggregateId: aggregate?.slice(slash + 1) ?? '',
  };
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
