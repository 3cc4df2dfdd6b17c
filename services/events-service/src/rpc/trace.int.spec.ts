import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createRelay } from '@nova/outbox';
import { FakePublisher } from '@nova/outbox/testing';
import { silentLogger } from '@nova/telemetry';
import { recordSpans, type SpanRecorder } from '@nova/telemetry/testing';
import { type TestDatabase, waitFor } from '@nova/testkit';
import { logDatabase } from './log-database.rig.spec.ts';
import { type ServedLog, serveLog } from './testing.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const CALLER = `00-${TRACE}-00f067aa0ba902b7-01`;

let data: TestDatabase;
let served: ServedLog;
let recorder: SpanRecorder;

beforeAll(async () => {
  recorder = recordSpans();
  data = await logDatabase();
  served = await serveLog(data.url);
}, 60_000);
afterAll(async () => {
  await served.stop();
  await data.drop();
  await recorder.stop();
});

describe('the trace of an event', () => {
  it('leads from the call through the append to the send of the relay', async () => {
    const publisher = new FakePublisher();
    const relay = createRelay({
      database: data.database,
      publisher,
      relayId: randomUUID(),
      logger: silentLogger,
    });
    await relay.start();
    const { events } = served.as({ traceparent: CALLER, 'correlation-id': 'order-17' });
    const { event } = await events.publishEvent({
      eventType: 'message_created',
      aggregateId: randomUUID(),
      payload: { message_id: randomUUID(), sender_id: randomUUID(), content: 'traced' },
    });
    const [record] = await waitFor(() => publisher.arrived.length > 0 && publisher.arrived, {
      withinMs: 5_000,
      what: 'the record',
    });
    await relay.stop();

    expect(event?.correlationId).toBe('order-17');
    expect(record?.headers['ce_correlationid']).toBe('order-17');
    const spans = recorder.spans();
    const call = spans.find(({ name, parentSpanId }) => {
      const isServer = name.endsWith('EventsService/PublishEvent');
      return isServer && spans.some((other) => other.spanId === parentSpanId);
    });
    const append = spans.find(({ name }) => name === 'append');
    const send = spans.find(({ name }) => name === 'send nova_events_message_created');
    const traceOf = (header: string) => record?.headers[header]?.split('-').slice(1, 3);
    const traceId = call?.traceId ?? '';
    expect(traceId).not.toBe('');
    expect(append).toMatchObject({ traceId, parentSpanId: call?.spanId });
    expect(traceOf('ce_traceparent')).toEqual([traceId, call?.spanId]);
    expect(send).toMatchObject({ traceId, parentSpanId: call?.spanId });
    expect(traceOf('traceparent')).toEqual([traceId, send?.spanId]);
  });

  it('continues the trace of the caller', async () => {
    const { status } = await served.raw('grpc.health.v1.Health/Check', new Uint8Array());
    expect(status).toBe(0);
    recorder.reset();
    const { events } = served.as({ traceparent: CALLER });
    await events.getOutboxStatus({});
    const server = recorder.spans().filter(({ name }) => name.endsWith('GetOutboxStatus'));
    expect(new Set(server.map(({ traceId }) => traceId)).size).toBe(1);
  });
});
