import {
  LANES,
  newEventId,
  partitionOf,
  readEventType,
  recordHeaders,
  requestEventId,
  type StoredEvent,
  topicOf,
} from '@nova/events';
import {
  type AppendRequest,
  AppendRequestSchema,
  type AppendResponse,
  AppendResponseSchema,
  type LogEvent,
  LogEventSchema,
  ResolveRequestSchema,
  ResolveResponseSchema,
} from '@nova/proto/gen/events/event_log_pb';
import {
  ConversationCreatedSchema,
  MemberAddedSchema,
  MemberRemovedSchema,
} from '@nova/proto/gen/messaging/conversation_events_pb';
import { create } from '@nova/proto/runtime';
import { RpcError, type RpcStatus } from '@nova/rpc';
import type { LogCommands } from './log-calls.ts';

const EPOCH = 'e1';

/** The log in memory, as far as commands know it, with a hand on what it answers. */
export interface MemoryLog extends LogCommands {
  readonly events: StoredEvent[];
  readonly calls: { append: number; resolve: number };
  /** Appends as somebody else. */
  tell(eventType: string, aggregateId: string, payload: object): void;
  /** Runs before the next calls, one each: what happens between a decision and the log. */
  readonly before: (() => void)[];
  /** Newer events per answer. */
  page: number;
}

const AGGREGATE_TYPES = new Map(
  [ConversationCreatedSchema, MemberAddedSchema, MemberRemovedSchema].flatMap((schema) => {
    const found = readEventType(schema);
    return found === undefined ? [] : [[found.type, found.aggregateType] as const];
  }),
);

/** An empty log. */
export function memoryLog(): MemoryLog {
  const events: StoredEvent[] = [];
  const stored = new Map<string, { readonly hash: string; readonly response: AppendResponse }>();
  const store = (eventType: string, aggregateId: string, payload: Uint8Array, eventId: string) => {
    const own = events.filter((one) => one.aggregateId === aggregateId);
    const time = '2026-11-21T10:00:00.000000Z';
    const event: StoredEvent = {
      position: { epoch: EPOCH, position: BigInt(events.length + 1) },
      eventId,
      eventType,
      schemaVersion: 1,
      aggregateType: AGGREGATE_TYPES.get(eventType) ?? '',
      aggregateId,
      aggregateVersion: BigInt(own.length + 1),
      typeSequence: BigInt(own.filter((one) => one.eventType === eventType).length + 1),
      previous: Object.fromEntries(own.map((one) => [one.eventType, one.aggregateVersion])),
      lane: partitionOf(aggregateId, LANES),
      payload,
      source: '/nova/spec',
      occurredAt: time,
      storedAt: time,
      annotations: {},
    };
    events.push(event);
    return event;
  };
  const newerThan = (
    seen: readonly { aggregateId: string; eventTypes: readonly string[]; version: bigint }[],
  ) =>
    events.filter((event) =>
      seen.some(
        ({ aggregateId, eventTypes, version }) =>
          event.aggregateId === aggregateId &&
          eventTypes.includes(event.eventType) &&
          event.aggregateVersion > version,
      ),
    );
  const known = (key: AppendRequest['key']) => {
    if (key === undefined) return undefined;
    const found = stored.get(nameOf(key));
    if (found === undefined) return undefined;
    if (found.hash === hex(key.requestHash)) return { ...found.response, replayed: true };
    throw failure('ALREADY_EXISTS', 'REQUEST_ID_REUSED');
  };
  const log: MemoryLog = {
    events,
    calls: { append: 0, resolve: 0 },
    before: [],
    page: 500,
    tell(eventType, aggregateId, payload) {
      store(eventType, aggregateId, Buffer.from(JSON.stringify(payload)), newEventId());
    },
    async append(init) {
      const { key, conditions, events: given, reply } = create(AppendRequestSchema, init);
      log.calls.append += 1;
      log.before.shift()?.();
      const before = known(key);
      if (before !== undefined) return before;
      const seen = conditions.map(({ aggregateId, must }) => ({
        aggregateId,
        ...(must.case === 'noneSince' ? must.value : { eventTypes: [], version: 0n }),
      }));
      const newer = newerThan(seen);
      if (newer.length > 0) {
        return create(AppendResponseSchema, {
          refusals: [{ index: -1, reason: 'CONDITION_FAILED' }],
          newer: newer.slice(0, log.page).map(logEvent),
          newerHasMore: newer.length > log.page,
        });
      }
      const response = create(AppendResponseSchema, {
        results: given.map(({ eventType, aggregateId, payload, eventId }, index) => {
          const derived = key && requestEventId(key.principal, key.method, key.requestId, index);
          const event = store(
            eventType,
            aggregateId,
            payload,
            eventId || (derived ?? newEventId()),
          );
          const { aggregateType, aggregateVersion, typeSequence } = event;
          const value = { eventId: event.eventId, aggregateType, aggregateId, aggregateVersion };
          return { outcome: { case: 'appended' as const, value: { ...value, typeSequence } } };
        }),
        reply,
        consistencyToken: given.length === 0 ? 'of the log' : `token ${events.length}`,
      });
      if (key !== undefined) stored.set(nameOf(key), { hash: hex(key.requestHash), response });
      return response;
    },
    async resolve(init) {
      const { key, seen } = create(ResolveRequestSchema, init);
      log.calls.resolve += 1;
      log.before.shift()?.();
      const before = known(key);
      if (before !== undefined) return create(ResolveResponseSchema, { stored: before });
      const newer = newerThan(seen);
      return create(ResolveResponseSchema, {
        newer: newer.slice(0, log.page).map(logEvent),
        newerHasMore: newer.length > log.page,
      });
    },
  };
  return log;
}

/** A failed call of events-service. */
export function failure(status: RpcStatus, reason: string, fields: readonly string[] = []) {
  return new RpcError('failed', {
    status,
    reason,
    violations: fields.map((field) => ({ field, description: 'is wrong' })),
    metadata: {},
    retryAfterMs: undefined,
    method: 'events.EventLog/Append',
    correlationId: undefined,
  });
}

function logEvent(event: StoredEvent): LogEvent {
  return create(LogEventSchema, {
    topic: topicOf(event.eventType),
    partition: partitionOf(event.aggregateId, 8),
    key: event.aggregateId,
    value: event.payload,
    headers: recordHeaders(event),
  });
}

function nameOf({ principal, method, requestId }: NonNullable<AppendRequest['key']>): string {
  return `${principal} ${method} ${requestId}`;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
