import { randomUUID } from 'node:crypto';
import { EventsService } from '@nova/proto/gen/events/events_service_pb';
import { createClient } from '@nova/rpc';
import type { Prepared } from '../harness/worker-messages.ts';
import { messageEvent } from '../workload/messages.ts';

/** What it is told. */
export interface PublisherOptions {
  /** host:port of events-service. */
  readonly address: string;
  readonly way: 'calls' | 'batches' | 'stream';
  readonly events: number;
}

const CALLS = 32;
const BATCH = 100;
const BATCHES = 4;

/**
 * Publishes messages over gRPC: one a call, a hundred a call, or all in one stream. Each request has an
 * id, so that it may be sent again.
 */
export function preparePublisher(options: PublisherOptions): Promise<Prepared> {
  const { address, way, events } = options;
  const client = createClient(EventsService, { address, deadlineMs: 30_000 });
  let next = 0;
  const side = (count: number, work: () => Promise<void>) =>
    Promise.all(Array.from({ length: count }, work));
  const ways = {
    calls: () =>
      side(CALLS, async () => {
        while (next < events) {
          await client.publishEvent({ requestId: randomUUID(), ...messageEvent(next++) });
        }
      }),
    batches: () =>
      side(BATCHES, async () => {
        while (next < events) {
          const from = next;
          next = Math.min(events, from + BATCH);
          const batch = Array.from({ length: next - from }, (_, n) => messageEvent(from + n));
          await client.publishEvents({ requestId: randomUUID(), events: batch });
        }
      }),
    async stream() {
      for await (const { outcome } of client.publishStream(requests())) {
        if (outcome.case !== 'stored') throw new TypeError('an event was refused');
      }
    },
  };
  async function* requests() {
    while (next < events) {
      yield await Promise.resolve({ requestId: randomUUID(), event: messageEvent(next++) });
    }
  }
  return Promise.resolve({
    async go() {
      const startedAt = performance.now();
      await ways[way]();
      return { values: { rate: (events * 1000) / (performance.now() - startedAt) } };
    },
    stop: () => Promise.resolve(client.close()),
  });
}
