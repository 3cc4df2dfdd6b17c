import { describe, expect, it } from '@jest/globals';
import type { OutboxEvent } from '@nova/outbox/local';
import { ForwardResponseSchema } from '@nova/proto/gen/events/event_forwarding_pb';
import { create } from '@nova/proto/runtime';
import { RpcError } from '@nova/rpc';
import { type Forwards, meshLogOver } from './mesh-log.ts';

const events = Array.from({ length: 5 }, (_, n) => event(String(n)));

function event(aggregateId: string): OutboxEvent {
  return {
    id: 1n,
    eventId: `event ${aggregateId}`,
    eventType: 'order_placed',
    aggregateType: 'order',
    aggregateId,
    sourceVersion: 1n,
    occurredAt: '2026-11-22T02:00:00.000Z',
    correlationId: '',
    causationId: '',
    metadata: {},
    payload: new Uint8Array(),
  };
}

function failure(status: RpcError['status'], reason: string): RpcError {
  const method = 'events.EventForwarding/Forward';
  const none = { metadata: {}, violations: [], retryAfterMs: undefined, correlationId: undefined };
  return new RpcError('no', { status, reason, method, ...none });
}

/** A log that stores what comes, unless `judge` throws; `calls` has the sizes of the calls. */
function log(judge: (ids: readonly string[]) => void) {
  const calls: number[] = [];
  const client: Forwards = {
    forward: (request) => {
      const given = request.events ?? [];
      calls.push(given.length);
      try {
        judge(given.map((one) => one.event?.aggregateId ?? ''));
      } catch (thrown) {
        return Promise.reject(thrown);
      }
      const results = given.map(() => ({
        outcome: { case: 'appended' as const, value: { position: 'e-1' } },
      }));
      return Promise.resolve(create(ForwardResponseSchema, { results }));
    },
  };
  return { calls, log: meshLogOver(client) };
}

describe('the log over gRPC', () => {
  it('finds the event to blame for a call that is refused as a whole', async () => {
    const { log: mesh } = log((ids) => {
      if (ids.includes('3')) throw failure('INVALID_ARGUMENT', 'EVENT_INVALID');
    });
    const answer = await mesh.forward(events, undefined);
    const stored = { outcome: 'stored', position: 'e-1' };
    const refused = { outcome: 'refused', reason: 'EVENT_INVALID', message: 'no' };
    expect(answer).toEqual({
      answer: 'outcomes',
      outcomes: [stored, stored, stored, refused, stored],
    });
  });

  it('says that the log has lost what it had', async () => {
    const { log: mesh } = log(() => {
      throw failure('FAILED_PRECONDITION', 'POSITION_LOST');
    });
    expect(await mesh.forward(events, 'e-9')).toEqual({ answer: 'lost' });
  });

  it('does not take an outage for a refusal', async () => {
    const { calls, log: mesh } = log(() => {
      throw failure('UNAVAILABLE', '');
    });
    await expect(mesh.forward(events, undefined)).rejects.toMatchObject({
      code: 'NOVA_SERVICE_LOG_UNAVAILABLE',
    });
    expect(calls).toEqual([5]);
  });
});
