import type {
  ParkedAggregate,
  ParkedEffect,
  ParkedGroup,
} from '@nova/proto/gen/ops/ops_service_pb';
import { DeliveryCondition } from '@nova/proto/gen/ops/ops_service_pb';
import { allPages } from '../all-pages.ts';
import { timeText } from '../consumers/registered-consumer.ts';
import type { Output } from '../output.ts';
import { type ExitCode, type Invocation, wrongUse } from '../verb.ts';
import { type AskedConsumer, withConsumers } from './consumers-asked.ts';
import { selectionOf, type Wishes } from './selection.ts';

type Call = Pick<Invocation, 'out' | 'environment' | 'portOffset'>;

const PAGE = 500;

/** `parked list`: what is parked, one line each. */
export function runList(call: Call, wishes: Wishes): Promise<ExitCode> {
  const selection = selectionOf(wishes, new Date());
  return withConsumers(call, wishes.consumer, async (consumers): Promise<ExitCode> => {
    if (selection.case === 'effects') {
      const effects: ParkedEffect[] = [];
      for (const one of consumers) effects.push(...(await effectsOf(one, selection.value)));
      if (call.out.format === 'json') call.out.json({ effects: effects.map(effectDocument) });
      else printEffects(effects, call.out);
      return 0;
    }
    const aggregates: ParkedAggregate[] = [];
    for (const one of consumers) aggregates.push(...(await aggregatesOf(one, selection.value)));
    if (call.out.format === 'json') call.out.json({ aggregates: aggregates.map(parkedDocument) });
    else printAggregates(aggregates, call.out);
    return 0;
  });
}

/** `parked groups`: what is parked, by cause. */
export function runGroups(call: Call, wishes: Wishes): Promise<ExitCode> {
  const selection = selectionOf(wishes, new Date());
  if (selection.case === 'effects') throw wrongUse('effects have no groups; use parked list');
  return withConsumers(call, wishes.consumer, async (consumers): Promise<ExitCode> => {
    const groups: ParkedGroup[] = [];
    for (const { client } of consumers) {
      groups.push(...(await client.listParkedGroups({ selection: selection.value })).groups);
    }
    if (call.out.format === 'json') call.out.json({ groups: groups.map(groupDocument) });
    else printGroups(groups, call.out);
    return 0;
  });
}

/** All failing aggregates that are selected. Fails with RpcError. */
export async function aggregatesOf(
  { client }: AskedConsumer,
  selection: Extract<ReturnType<typeof selectionOf>, { case: 'aggregates' }>['value'],
): Promise<readonly ParkedAggregate[]> {
  return allPages(
    (pageToken) => client.listParked({ selection, pageSize: PAGE, pageToken }),
    ({ aggregates }) => aggregates,
  );
}

/** All parked effects that are selected. Fails with RpcError. */
export async function effectsOf(
  { client }: AskedConsumer,
  selection: Extract<ReturnType<typeof selectionOf>, { case: 'effects' }>['value'],
): Promise<readonly ParkedEffect[]> {
  return allPages(
    (pageToken) => client.listParkedEffects({ selection, pageSize: PAGE, pageToken }),
    ({ effects }) => effects,
  );
}

/** A failing aggregate as JSON. */
export function parkedDocument(one: ParkedAggregate) {
  return {
    consumer: `${one.service}/${one.consumer}`,
    generation: one.generation,
    aggregate_type: one.aggregateType,
    aggregate_id: one.aggregateId,
    state: one.condition === DeliveryCondition.PARKED ? 'parked' : 'retrying',
    failed_version: one.failedVersion,
    event_id: one.eventId,
    event_type: one.eventType,
    attempts: one.attempts,
    first_failed_at: timeText(one.firstFailedAt),
    failed_at: timeText(one.failedAt),
    next_attempt_at: timeText(one.nextAttemptAt),
    error_code: one.errorCode,
    reason: one.reason,
    fingerprint: one.fingerprint,
    frame: one.frame,
    consumer_version: one.consumerVersion,
    waiting_events: one.waitingEvents,
  };
}

function effectDocument(one: ParkedEffect) {
  return {
    consumer: `${one.service}/${one.consumer}`,
    effect_id: one.effectId,
    effect: one.effect,
    effect_key: one.effectKey,
    target: one.target,
    source_event_id: one.sourceEventId,
    reason: one.reason,
    created_at: timeText(one.createdAt),
    parked_at: timeText(one.parkedAt),
    waiting_behind: one.waitingBehind,
  };
}

function groupDocument(one: ParkedGroup) {
  return {
    consumer: `${one.service}/${one.consumer}`,
    fingerprint: one.fingerprint,
    error_code: one.errorCode,
    frame: one.frame,
    reason: one.reason,
    event_types: one.eventTypes,
    consumer_versions: one.consumerVersions,
    aggregates: one.aggregates,
    waiting_events: one.waitingEvents,
    first_failed_at: timeText(one.firstFailedAt),
    failed_at: timeText(one.failedAt),
  };
}

function printAggregates(all: readonly ParkedAggregate[], out: Output): void {
  if (all.length === 0) {
    out.note('nothing is parked');
    return;
  }
  out.table(
    [
      { title: 'CONSUMER' },
      { title: 'AGGREGATE' },
      { title: 'STATE' },
      { title: 'VERSION', align: 'right' },
      { title: 'EVENT TYPE' },
      { title: 'WAITING', align: 'right' },
      { title: 'TRIES', align: 'right' },
      { title: 'FIRST FAILED' },
      { title: 'CAUSE' },
      { title: 'ERROR' },
    ],
    all.map((one) => [
      `${one.service}/${one.consumer}`,
      `${one.aggregateType}/${one.aggregateId}`,
      one.condition === DeliveryCondition.PARKED
        ? out.style.bad('parked')
        : out.style.warn('retrying'),
      String(one.failedVersion),
      one.eventType,
      String(one.waitingEvents),
      String(one.attempts),
      secondsOf(one.firstFailedAt),
      one.fingerprint,
      errorOf(one),
    ]),
  );
}

function printGroups(all: readonly ParkedGroup[], out: Output): void {
  if (all.length === 0) {
    out.note('nothing is parked');
    return;
  }
  out.table(
    [
      { title: 'CONSUMER' },
      { title: 'CAUSE' },
      { title: 'AGGREGATES', align: 'right' },
      { title: 'EVENTS', align: 'right' },
      { title: 'EVENT TYPES' },
      { title: 'VERSIONS' },
      { title: 'FIRST FAILED' },
      { title: 'WHERE' },
      { title: 'ERROR' },
    ],
    all.map((one) => [
      `${one.service}/${one.consumer}`,
      one.fingerprint,
      String(one.aggregates),
      String(one.waitingEvents),
      one.eventTypes.join(', '),
      one.consumerVersions.join(', '),
      secondsOf(one.firstFailedAt),
      one.frame,
      errorOf(one),
    ]),
  );
}

function printEffects(all: readonly ParkedEffect[], out: Output): void {
  if (all.length === 0) {
    out.note('no effects are parked');
    return;
  }
  out.table(
    [
      { title: 'CONSUMER' },
      { title: 'EFFECT' },
      { title: 'TARGET' },
      { title: 'BEHIND IT', align: 'right' },
      { title: 'PARKED' },
      { title: 'SOURCE EVENT' },
      { title: 'REASON' },
    ],
    all.map((one) => [
      `${one.service}/${one.consumer}`,
      one.effect,
      one.target,
      String(one.waitingBehind),
      secondsOf(one.parkedAt),
      one.sourceEventId,
      one.reason.split('\n')[0] ?? '',
    ]),
  );
}

function secondsOf(time: ParkedAggregate['failedAt']): string {
  return timeText(time).replace(/\.\d+Z$/, 'Z');
}

function errorOf({ errorCode, reason }: Pick<ParkedAggregate, 'errorCode' | 'reason'>): string {
  return `${errorCode}: ${reason.split('\n')[0] ?? ''}`.slice(0, 100);
}
