import { describe, expect, it } from '@jest/globals';
import {
  type PublishEventsRequestSchema,
  PublishEventsResponseSchema,
} from '@nova/proto/gen/events/events_service_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import { create } from '@nova/proto/runtime';
import { RpcError, type RpcStatus } from '@nova/rpc';
import { systemClock } from '@nova/time';
import type { ImportEvent } from '../irc/import-event.ts';
import { grpcPublisher } from './grpc-publisher.ts';

type Request = MessageInitShape<typeof PublishEventsRequestSchema>;

const events: readonly ImportEvent[] = [1, 2, 3].map((line) => ({
  eventId: `event-${line}`,
  eventType: 'message_created',
  aggregateId: 'conversation',
  payload: { content: `line ${line}` },
  occurredAtMs: 1_103_966_040_250,
  line,
}));

function failure(status: RpcStatus, more: Partial<RpcError> = {}): RpcError {
  return new RpcError(`it is ${status}`, {
    status,
    reason: '',
    violations: [],
    metadata: {},
    retryAfterMs: 1,
    method: 'events.EventsService/PublishEvents',
    correlationId: undefined,
    ...more,
  });
}

/** Answers calls one after the other with what is given; afterwards everything is stored. */
function publisherThat(...answers: readonly (RpcError | 'stores')[]) {
  const requests: Request[] = [];
  const retries: string[] = [];
  const stored: string[] = [];
  const controller = new AbortController();
  const publish = grpcPublisher({
    client: {
      publishEvents: (request) => {
        const answer = answers[requests.length] ?? 'stores';
        requests.push(request);
        if (answer !== 'stores') return Promise.reject(answer);
        const results = (request.events ?? []).map(({ eventId = '' }) => ({
          outcome: { case: 'event' as const, value: { eventId } },
          replayed: eventId === 'event-2',
        }));
        return Promise.resolve(create(PublishEventsResponseSchema, { results }));
      },
    },
    clock: systemClock,
    rate: 0,
    signal: controller.signal,
    onStored: ({ eventId }) => stored.push(eventId),
    onRetry: ({ status }) => retries.push(status),
  });
  return { publish, requests, retries, stored, controller };
}

describe('grpcPublisher', () => {
  it('sends ids, payloads and times, each aggregate for itself', async () => {
    const { publish, requests, stored } = publisherThat();
    expect(await publish(events)).toEqual(['new', 'already there', 'new']);
    expect(stored).toEqual(['event-1', 'event-2', 'event-3']);
    expect(requests).toHaveLength(1);
    expect(requests[0]).toMatchObject({ mode: 2 });
    expect(requests[0]?.events?.[0]).toMatchObject({
      eventId: 'event-1',
      payload: { content: 'line 1' },
      occurredAt: { seconds: 1_103_966_040n, nanos: 250_000_000 },
    });
  });

  it('repeats calls that failed in passing, with the same event ids', async () => {
    const { publish, requests, retries } = publisherThat(
      failure('UNAVAILABLE'),
      failure('DEADLINE_EXCEEDED'),
      failure('RESOURCE_EXHAUSTED'),
    );
    expect(await publish(events)).toEqual(['new', 'already there', 'new']);
    expect(retries).toEqual(['UNAVAILABLE', 'DEADLINE_EXCEEDED', 'RESOURCE_EXHAUSTED']);
    const ids = requests.map((request) => request.events?.map(({ eventId }) => eventId));
    expect(new Set(ids.map((each) => JSON.stringify(each))).size).toBe(1);
  });

  it('does not repeat what cannot pass, nor after Ctrl-C', async () => {
    const denied = failure('PERMISSION_DENIED');
    const refused = publisherThat(denied);
    await expect(refused.publish(events)).rejects.toBe(denied);
    expect(refused.requests).toHaveLength(1);
    const stopped = publisherThat(failure('UNAVAILABLE'));
    stopped.controller.abort();
    await expect(stopped.publish(events)).rejects.toMatchObject({ status: 'UNAVAILABLE' });
  });

  it('takes out the events that the server names, and stores the others', async () => {
    const { publish, requests } = publisherThat(
      failure('INVALID_ARGUMENT', {
        violations: [{ field: 'events[1].payload.content', description: 'is too long' }],
      }),
    );
    expect(await publish(events)).toEqual([
      'new',
      { refused: 'INVALID_ARGUMENT', message: 'payload.content is too long' },
      'new',
    ]);
    expect(requests[1]?.events?.map(({ eventId }) => eventId)).toEqual(['event-1', 'event-3']);
  });

  it('halves what is too large', async () => {
    const { publish, requests } = publisherThat(
      failure('RESOURCE_EXHAUSTED', { reason: 'RPC_TOO_LARGE' }),
      failure('INVALID_ARGUMENT', {
        violations: [{ field: 'events', description: 'must have at most 1048576 bytes' }],
      }),
    );
    expect(await publish(events)).toEqual(['new', 'already there', 'new']);
    expect(requests.map((request) => request.events?.length)).toEqual([3, 2, 1, 1, 1]);
  });
});
