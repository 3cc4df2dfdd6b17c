import type { Event } from '@nova/proto/gen/events/event_pb';
import {
  EventsService,
  type PublishEventResponse,
  PublishEventResponseSchema,
  type ScheduledEvent,
} from '@nova/proto/gen/events/events_service_pb';
import { type Timestamp, timestampDate, timestampFromDate, toJson } from '@nova/proto/runtime';
import { withEventsClient } from '../calls.ts';
import type { Output } from '../output.ts';
import { type ExitCode, type Invocation, wrongUse } from '../verb.ts';
import { parseCondition } from './condition-text.ts';
import { parsePairs } from './pairs.ts';
import { readPayload } from './payload-source.ts';

/** What the person wrote besides type and id; undefined where it was left out. */
export interface PublishWishes {
  readonly payload: string | undefined;
  readonly aggregateType: string | undefined;
  readonly eventId: string | undefined;
  readonly requestId: string | undefined;
  readonly correlationId: string | undefined;
  readonly causationId: string | undefined;
  readonly occurredAt: string | undefined;
  readonly notBefore: string | undefined;
  readonly expiresAt: string | undefined;
  readonly metadata: readonly string[];
  readonly condition: string | undefined;
}

type Call = Pick<Invocation, 'args' | 'out' | 'environment' | 'portOffset'>;

/** `publish`: one event through PublishEvent. @throws CLI_WRONG_USE, RpcError */
export async function runPublish(call: Call, wishes: PublishWishes): Promise<ExitCode> {
  const [eventType = '', aggregateId = ''] = call.args;
  if (wishes.payload === undefined) throw wrongUse('--payload is needed; {} is an empty one');
  const occurredAt = timeOf('--occurred-at', wishes.occurredAt);
  const notBefore = timeOf('--not-before', wishes.notBefore);
  const expiresAt = timeOf('--expires-at', wishes.expiresAt);
  const request = {
    eventType,
    aggregateId,
    aggregateType: wishes.aggregateType ?? '',
    payload: await readPayload(wishes.payload, process.stdin),
    eventId: wishes.eventId ?? '',
    requestId: wishes.requestId ?? '',
    correlationId: wishes.correlationId ?? '',
    causationId: wishes.causationId ?? '',
    metadata: parsePairs('--metadata', wishes.metadata),
    ...(occurredAt === undefined ? {} : { occurredAt }),
    ...(notBefore === undefined ? {} : { notBefore }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(wishes.condition === undefined ? {} : { condition: parseCondition(wishes.condition) }),
  };
  const answer = await withEventsClient(EventsService, call, (client) =>
    client.publishEvent(request),
  );
  print(answer, call.out);
  return 0;
}

function timeOf(flag: string, given: string | undefined) {
  if (given === undefined) return undefined;
  const at = /^\d{4}-\d{2}-\d{2}T/.test(given) ? new Date(given) : new Date(Number.NaN);
  if (Number.isNaN(at.getTime())) {
    throw wrongUse(`${flag} must be a time such as 2024-03-09T21:02:00Z: ${given}`);
  }
  return timestampFromDate(at);
}

function print(answer: PublishEventResponse, out: Output): void {
  if (out.format === 'json') {
    out.json(toJson(PublishEventResponseSchema, answer, { useProtoFieldName: true }));
    return;
  }
  const { event, scheduled, replayed, alias } = answer;
  if (scheduled !== undefined) {
    out.line(replayed ? 'kept before, answered again' : 'kept until its time');
    out.table([{ title: 'FIELD' }, { title: 'VALUE' }], rowsOfScheduled(scheduled));
  }
  if (event === undefined) return;
  out.line(replayed ? 'stored before, answered again' : 'stored');
  if (alias !== '') out.note(`${alias} is an alias of ${event.eventType}`);
  out.table([{ title: 'FIELD' }, { title: 'VALUE' }], rowsOf(event));
}

function rowsOf(event: Event): string[][] {
  const stored = event.storedAt === undefined ? '' : timestampDate(event.storedAt).toISOString();
  return [
    ['event_id', event.eventId],
    ['event_type', event.eventType],
    ['aggregate', `${event.aggregateType}/${event.aggregateId}`],
    ['aggregate_version', String(event.aggregateVersion)],
    ['type_sequence', String(event.typeSequence)],
    ['position', event.position],
    ['stored_at', stored],
    ['topic', event.topic],
    ['partition', String(event.partition)],
    ['payload', JSON.stringify(event.payload ?? {})],
  ];
}

function rowsOfScheduled(event: ScheduledEvent): string[][] {
  const time = (at: Timestamp | undefined) =>
    at === undefined ? '' : timestampDate(at).toISOString();
  return [
    ['event_id', event.eventId],
    ['event_type', event.eventType],
    ['aggregate', `${event.aggregateType}/${event.aggregateId}`],
    ['not_before', time(event.notBefore)],
    ['expires_at', time(event.expiresAt)],
  ];
}
