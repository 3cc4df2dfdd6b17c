import { describe, expect, it } from '@jest/globals';
import type { EffectAppend } from '@nova/consumer';
import { newEventId } from '@nova/events';
import { AppendResponseSchema, type AppendResultSchema } from '@nova/proto/gen/events/event_log_pb';
import { create, type MessageInitShape } from '@nova/proto/runtime';
import { RpcError, type RpcStatus } from '@nova/rpc';
import { eventAppenderOver, type LogAppends } from './event-appender.ts';

const effect = (eventType: string, target = newEventId()): EffectAppend => ({
  eventId: newEventId(),
  target,
  eventType,
  aggregateId: '550e8400-e29b-41d4-a716-446655440000',
  payload: { b: 1, a: 2 },
  causationId: newEventId(),
  correlationId: undefined,
  occurredAt: '2026-11-21T10:00:00.000000Z',
  trace: {},
});

function failure(status: RpcStatus, reason = ''): RpcError {
  return new RpcError(`${status} it was`, {
    status,
    reason,
    violations: [],
    metadata: {},
    retryAfterMs: undefined,
    method: 'events.EventLog/Append',
    correlationId: undefined,
  });
}

type Outcome = MessageInitShape<typeof AppendResultSchema>['outcome'];

function outcomeOf(eventType: string): NonNullable<Outcome> {
  return eventType === 'reused'
    ? { case: 'refusal', value: { reason: 'EVENT_ID_REUSED' } }
    : eventType === 'refused'
      ? { case: 'refusal', value: { reason: 'CONDITION_FAILED' } }
      : { case: 'appended', value: {} };
}

/** A log that refuses a whole call for a `bad` event, a `refused` one by itself, and has a `reused` one. */
function log(calls: string[][]): LogAppends {
  return {
    async append(request) {
      const types = (request.events ?? []).map(({ eventType }) => eventType ?? '');
      calls.push(types);
      if (types.includes('bad')) throw failure('INVALID_ARGUMENT');
      const results = types.map((type) => ({ outcome: outcomeOf(type) }));
      return create(AppendResponseSchema, { results });
    },
  };
}

describe('an event appender over gRPC', () => {
  it('tells of each event what became of it', async () => {
    const calls: string[][] = [];
    const given = [effect('good'), effect('refused')];
    expect(await eventAppenderOver(log(calls)).append(given)).toEqual([
      { outcome: 'stored' },
      { outcome: 'refused', reason: 'CONDITION_FAILED' },
    ]);
    expect(calls).toEqual([['good', 'refused']]);
  });

  it('takes an event that is there with other content for stored by an earlier try', async () => {
    const outcomes = await eventAppenderOver(log([])).append([effect('reused')]);
    expect(outcomes).toEqual([{ outcome: 'stored' }]);
  });

  it('finds the event that spoils a call, and stores the others', async () => {
    const events = ['good', 'bad', 'good', 'good'].map((type) => effect(type));
    const outcomes = await eventAppenderOver(log([])).append(events);
    expect(outcomes).toEqual([
      { outcome: 'stored' },
      { outcome: 'refused', reason: 'INVALID_ARGUMENT it was' },
      { outcome: 'stored' },
      { outcome: 'stored' },
    ]);
  });

  it('holds back what stands behind a refused event for the same target, and nothing else', async () => {
    const calls: string[][] = [];
    const events = [
      effect('first', 'ann'),
      effect('bad', 'ann'),
      effect('behind', 'ann'),
      effect('free', 'bob'),
      effect('further', 'ann'),
    ];
    const outcomes = await eventAppenderOver(log(calls)).append(events);
    expect(outcomes.map(({ outcome }) => outcome)).toEqual([
      'stored',
      'refused',
      'held',
      'stored',
      'held',
    ]);
    const stored = calls.filter((types) => !types.includes('bad')).flat();
    expect(stored).toEqual(['first', 'free']);
  });

  it.each<RpcStatus>(['UNAVAILABLE', 'UNAUTHENTICATED'])(
    'blames no event for %s',
    async (status) => {
      const client: LogAppends = { append: () => Promise.reject(failure(status)) };
      const appending = eventAppenderOver(client).append([effect('good')]);
      await expect(appending).rejects.toMatchObject({ kind: { retry: 'backoff' } });
    },
  );
});
