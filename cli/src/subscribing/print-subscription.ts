import {
  type Subscription,
  SubscriptionState,
  SubscriptionStrategy,
} from '@nova/proto/gen/events/subscriptions_pb';
import { dateOf } from '../date-of.ts';
import type { Output } from '../output.ts';

/** One subscription as a JSON document. */
export function subscriptionDocument(one: Subscription) {
  const { filter } = one;
  return {
    name: one.name,
    state: stateOf(one),
    stopped_reason: one.stoppedReason || undefined,
    stopped_by: one.stoppedBy || undefined,
    filter: {
      event_types: filter?.eventTypes,
      aggregate_types: filter?.aggregateTypes,
      aggregate_id: filter?.aggregateId || undefined,
      aggregate_id_prefix: filter?.aggregateIdPrefix || undefined,
      tenant: filter?.tenant || undefined,
    },
    strategy: strategyOf(one),
    ack_timeout_seconds: Number(one.ackTimeout?.seconds ?? 0n),
    max_attempts: one.maxAttempts,
    position: one.position,
    lag: one.lag,
    waiting: one.waiting,
    unacknowledged: one.unacknowledged,
    parked: one.parked,
    held: one.held,
    consumers: one.consumers.map((each) => ({
      consumer: each.consumer,
      principal: each.principal,
      credits: each.credits,
      unacknowledged: each.unacknowledged,
      connected_at: dateOf(each.connectedAt)?.toISOString(),
    })),
    replays: one.replays.map(({ id, events, taken, reason, requestedBy }) => ({
      ...{ id, events, taken, reason },
      requested_by: requestedBy,
    })),
    created_at: dateOf(one.createdAt)?.toISOString(),
    created_by: one.createdBy,
  };
}

/** All subscriptions as a table. */
export function printSubscriptions(all: readonly Subscription[], out: Output): void {
  if (all.length === 0) {
    out.note('there are no subscriptions; ./nova subscribe create makes one');
    return;
  }
  out.table(
    [
      { title: 'NAME' },
      { title: 'STATE' },
      { title: 'STRATEGY' },
      { title: 'LAG', align: 'right' },
      { title: 'WAITING', align: 'right' },
      { title: 'OUT', align: 'right' },
      { title: 'PARKED', align: 'right' },
      { title: 'CONSUMERS', align: 'right' },
      { title: 'EVENT TYPES' },
    ],
    all.map((one) => [
      one.name,
      stateOf(one),
      strategyOf(one),
      String(one.lag),
      String(one.waiting),
      String(one.unacknowledged),
      String(one.parked),
      String(one.consumers.length),
      typesOf(one),
    ]),
  );
}

/** One subscription in lines. */
export function printSubscription(one: Subscription, out: Output): void {
  const why = one.stoppedReason === '' ? '' : `, by ${one.stoppedBy}: ${one.stoppedReason}`;
  out.line(`${out.style.strong(one.name)}  ${stateOf(one)}${why}`);
  out.line(`  for           ${typesOf(one)}${narrowed(one)}`);
  out.line(`  strategy      ${strategyOf(one)}`);
  out.line(`  looked up to  ${one.position}, ${one.lag} behind the end of the log`);
  out.line(
    `  events        ${one.waiting} waiting, ${one.unacknowledged} unacknowledged, ` +
      `${one.parked} parked, ${one.held} held behind these`,
  );
  out.line(
    `  taken back    after ${one.ackTimeout?.seconds ?? 0n} s; parked after ` +
      `${one.maxAttempts === 0 ? 'no number of' : one.maxAttempts} attempts`,
  );
  for (const each of one.consumers) {
    const name = each.consumer === '' ? each.principal : `${each.consumer} (${each.principal})`;
    out.line(`  consumer      ${name}: ${each.unacknowledged} of ${each.credits} credits in use`);
  }
  for (const { id, taken, events, reason, requestedBy } of one.replays) {
    out.line(`  replay        ${id}: ${taken} of ${events}, by ${requestedBy}: ${reason}`);
  }
}

function stateOf({ state }: Subscription): string {
  return (SubscriptionState[state] ?? 'unknown').toLowerCase().replaceAll('_', ' ');
}

function strategyOf({ strategy }: Subscription): string {
  return (SubscriptionStrategy[strategy] ?? 'unknown').toLowerCase().replaceAll('_', '-');
}

function typesOf({ filter }: Subscription): string {
  const types = filter?.eventTypes ?? [];
  return types.length === 0 ? 'all events' : types.join(', ');
}

function narrowed({ filter }: Subscription): string {
  if (filter === undefined) return '';
  const { aggregateTypes, aggregateId, aggregateIdPrefix, tenant } = filter;
  const parts = [
    ...(aggregateTypes.length === 0 ? [] : [`of ${aggregateTypes.join(', ')}`]),
    ...(aggregateId === '' ? [] : [`of ${aggregateId}`]),
    ...(aggregateIdPrefix === '' ? [] : [`of ids that begin with ${aggregateIdPrefix}`]),
    ...(tenant === '' ? [] : [`of tenant ${tenant}`]),
  ];
  return parts.length === 0 ? '' : ` ${parts.join(', ')}`;
}
