import { errors as commonErrors, NovaError } from '@nova/errors';
import { canonicalJson, parseTime, readEventType } from '@nova/events';
import type {
  AppendResponse,
  EventLog,
  ResolveResponse,
} from '@nova/proto/gen/events/event_log_pb';
import { PublishMode } from '@nova/proto/gen/events/event_pb';
import { type CallOptions, type Client, RpcError } from '@nova/rpc';
import { logFailure } from '../consuming/log-failure.ts';
import { invalidRequest } from '../request.ts';
import type { CommandEvent } from './command-spec.ts';
import type { RequestKey } from './request-key.ts';

/** The calls of events-service that commands make. */
export type LogCommands = Pick<Client<typeof EventLog>, 'append' | 'resolve'>;

/** What of an aggregate a decision was made on. */
export interface Seen {
  readonly aggregateType: string;
  readonly aggregateId: string;
  readonly eventTypes: readonly string[];
  readonly version: bigint;
}

/** Appends events if nothing has happened since what was seen. */
export async function appendDecided(
  log: LogCommands,
  unit: {
    readonly key: RequestKey | undefined;
    readonly seen: readonly Seen[];
    readonly events: readonly CommandEvent[];
    readonly reply: Uint8Array;
  },
  options: CallOptions,
): Promise<AppendResponse> {
  const { key, seen, events, reply } = unit;
  const request = {
    ...(key === undefined ? {} : { key }),
    conditions: seen.map(({ aggregateType, aggregateId, eventTypes, version }) => ({
      aggregateType,
      aggregateId,
      must: { case: 'noneSince' as const, value: { eventTypes: [...eventTypes], version } },
    })),
    events: events.map(newEventOf),
    mode: PublishMode.ATOMIC,
    reply,
  };
  try {
    return await log.append(request, options);
  } catch (thrown) {
    throw commandFailure(thrown, key);
  }
}

/** Asks for a stored answer, else for what has happened since what was seen. */
export async function resolveRefusal(
  log: LogCommands,
  { key, seen }: { readonly key: RequestKey | undefined; readonly seen: readonly Seen[] },
  options: CallOptions,
): Promise<ResolveResponse> {
  const request = {
    ...(key === undefined ? {} : { key }),
    seen: seen.map((one) => ({ ...one, eventTypes: [...one.eventTypes] })),
  };
  try {
    return await log.resolve(request, options);
  } catch (thrown) {
    throw commandFailure(thrown, key);
  }
}

function newEventOf({ schema, aggregateId, payload, ...rest }: CommandEvent) {
  const { eventId = '', metadata = {}, occurredAt = '', expiresAt = '' } = rest;
  const eventType = readEventType(schema)?.type;
  if (eventType === undefined) throw new TypeError(`${schema.typeName} is no event payload`);
  const occurred = parseTime(occurredAt);
  const expires = parseTime(expiresAt);
  return {
    eventType,
    aggregateId,
    payload: new TextEncoder().encode(canonicalJson(payload)),
    eventId,
    metadata: { ...metadata },
    ...(occurred === undefined ? {} : { occurredAt: occurred }),
    ...(expires === undefined ? {} : { expiresAt: expires }),
  };
}

const PAYLOAD_FIELD = /^events\[\d+\]\.payload(?:\.(.+))?$/;

/**
 * `events[3].payload.content` → `content`: the name that the caller may know. A payload as a whole
 * comes from the request as a whole: its texts are longer once they are escaped, for one. undefined
 * = nothing of a payload.
 */
function callersField(field: string): string | undefined {
  const found = PAYLOAD_FIELD.exec(field);
  return found === null ? undefined : (found[1] ?? 'request');
}

function commandFailure(thrown: unknown, key: RequestKey | undefined): unknown {
  if (!(thrown instanceof RpcError)) return thrown;
  if (thrown.reason === 'REQUEST_ID_REUSED') {
    const description = 'was used for another request';
    return new NovaError(
      commonErrors.REQUEST_ID_REUSED,
      { request_id: key?.requestId ?? '' },
      { violations: [{ field: 'request_id', description }] },
    );
  }
  const violations = thrown.violations.flatMap(({ field, description }) => {
    const known = callersField(field);
    return known === undefined ? [] : [{ field: known, description }];
  });
  // What the log refuses of a payload alone came from the caller: a text with NUL, for one.
  const isOfCaller = violations.length > 0 && violations.length === thrown.violations.length;
  return thrown.status === 'INVALID_ARGUMENT' && isOfCaller
    ? invalidRequest(violations)
    : logFailure(thrown);
}
