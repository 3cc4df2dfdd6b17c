import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  EventForwarding,
  type ForwardedEventSchema,
  type ForwardResponse,
} from '@nova/proto/gen/events/event_forwarding_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import { type Client, createClient } from '@nova/rpc';
import type { TestDatabase } from '@nova/testkit';
import { logDatabase } from './log-database.rig.spec.ts';
import { type ServedLog, serveLog } from './testing.ts';

type Given = MessageInitShape<typeof ForwardedEventSchema>;

let data: TestDatabase;
let served: ServedLog;
let orders: Client<typeof EventForwarding>;
const clients: { close(): void }[] = [];

beforeAll(async () => {
  data = await logDatabase();
  served = await serveLog(data.url);
  orders = as('orders');
}, 60_000);
afterAll(async () => {
  for (const client of clients) client.close();
  await served.stop();
  await data.drop();
});

function as(service: string, roles = 'service'): Client<typeof EventForwarding> {
  const client = createClient(EventForwarding, {
    address: served.address,
    deadlineMs: 10_000,
    metadata: { 'x-nova-service': service, 'x-nova-roles': roles },
  });
  clients.push(client);
  return client;
}

/** A message in a conversation: a type that needs no registration. */
function message(aggregateId: string, sourceVersion: bigint, content = 'hello'): Given {
  const payload = { message_id: randomUUID(), sender_id: randomUUID(), content };
  return {
    aggregateType: 'conversation',
    sourceVersion,
    event: {
      eventId: randomUUID(),
      eventType: 'message_created',
      aggregateId,
      payload: Buffer.from(JSON.stringify(payload)),
      metadata: { batch: 'seven' },
    },
  };
}

/** Version and replayed, or the reason of the refusal, of each event. */
function told({ results }: ForwardResponse): readonly string[] {
  return results.map(({ outcome }) => {
    if (outcome.case === 'appended') {
      const { aggregateVersion, replayed } = outcome.value;
      return `${aggregateVersion}${replayed ? ' replayed' : ''}`;
    }
    return outcome.value?.reason ?? 'unanswered';
  });
}

describe('EventForwarding.Forward', () => {
  it('gives versions of its own, and keeps that of the source in the metadata', async () => {
    const id = randomUUID();
    const { results } = await served.events.publishEvents({
      events: [{ eventType: 'message_deleted', aggregateId: id, payload: deletion() }],
    });
    expect(results).toHaveLength(1);
    const events = [message(id, 1n), message(id, 2n)];
    expect(told(await orders.forward({ events }))).toEqual(['2', '3']);
    const { event } = await served.events.getEvent({ eventId: events[1]?.event?.eventId ?? '' });
    expect(event).toMatchObject({
      source: '/nova/orders',
      aggregateVersion: 3n,
      metadata: { batch: 'seven', source_version: '2' },
    });
  });

  it('answers what comes again with what is stored, alone or among new ones', async () => {
    const id = randomUUID();
    const events = [message(id, 1n), message(id, 2n), message(id, 3n)];
    expect(told(await orders.forward({ events: events.slice(0, 2) }))).toEqual(['1', '2']);
    expect(told(await orders.forward({ events }))).toEqual(['1 replayed', '2 replayed', '3']);
  });

  it('stores nothing behind a gap, and tells where it begins', async () => {
    const [id, other] = [randomUUID(), randomUUID()];
    const events = [message(id, 1n), message(id, 3n), message(other, 1n), message(id, 4n)];
    const answer = await orders.forward({ events });
    expect(told(answer)).toEqual(['1', 'SOURCE_VERSION_GAP', '1', 'SOURCE_VERSION_GAP']);
    expect(answer.results[1]?.lastSourceVersion).toBe(1n);
  });

  it('refuses an event that is not valid, and those behind it in its aggregate, alone', async () => {
    const [id, other] = [randomUUID(), randomUUID()];
    const wrong = message(id, 2n);
    if (wrong.event !== undefined) wrong.event.payload = Buffer.from('{"colour": "red"}');
    const unknown = message(other, 2n);
    if (unknown.event !== undefined) unknown.event.eventType = 'order_forgotten';
    const events = [message(id, 1n), wrong, message(id, 3n), message(other, 1n), unknown];
    expect(told(await orders.forward({ events }))).toEqual([
      ...['1', 'EVENT_INVALID', 'SOURCE_VERSION_GAP', '1', 'EVENT_TYPE_UNKNOWN'],
    ]);
  });

  it('takes a time that is ahead of its own clock: what was appended there is no longer to be mended', async () => {
    const ahead = message(randomUUID(), 1n);
    if (ahead.event !== undefined) {
      ahead.event.occurredAt = { seconds: BigInt(Math.floor(Date.now() / 1000) + 7200) };
    }
    expect(told(await orders.forward({ events: [ahead] }))).toEqual(['1']);
  });

  it('refuses another event under a version that it has, and an id that came otherwise', async () => {
    const id = randomUUID();
    const first = message(id, 1n);
    expect(told(await orders.forward({ events: [first] }))).toEqual(['1']);
    expect(told(await orders.forward({ events: [message(id, 1n)] }))).toEqual([
      'SOURCE_VERSION_REUSED',
    ]);
    expect(told(await as('invoices').forward({ events: [first] }))).toEqual(['EVENT_ID_REUSED']);
  });

  it('counts each source for itself', async () => {
    const id = randomUUID();
    expect(told(await orders.forward({ events: [message(id, 1n)] }))).toEqual(['1']);
    expect(told(await as('invoices').forward({ events: [message(id, 1n)] }))).toEqual(['2']);
  });

  it('stores each event once where many send the same ones at once', async () => {
    const ids = [randomUUID(), randomUUID()];
    const events = ids.flatMap((id) => [1n, 2n, 3n].map((version) => message(id, version)));
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => orders.forward({ events }).then(told)),
    );
    const fresh = answers.flat().filter((one) => !one.includes('replayed'));
    expect(fresh.sort()).toEqual(['1', '1', '2', '2', '3', '3']);
  });

  it('takes nothing from who was answered more than the log still has', async () => {
    const event = message(randomUUID(), 1n);
    const answer = await orders.forward({ events: [event] });
    const [result] = answer.results;
    const position = result?.outcome.case === 'appended' ? result.outcome.value.position : '';
    const again = await orders.forward({ events: [event], lastPosition: position });
    expect(told(again)).toEqual(['1 replayed']);
    const beyond = position.replace(/\d{18}$/, '999999999999999999');
    const next = message(randomUUID(), 1n);
    await expect(orders.forward({ events: [next], lastPosition: beyond })).rejects.toMatchObject({
      reason: 'POSITION_LOST',
    });
    expect(told(await orders.forward({ events: [next] }))).toEqual(['1']);
  });

  it('is for services, and needs ids and versions', async () => {
    const denied = as('orders', 'writer').forward({ events: [message(randomUUID(), 1n)] });
    await expect(denied).rejects.toMatchObject({ status: 'PERMISSION_DENIED' });
    const bare = orders.forward({ events: [{ event: { eventType: 'message_created' } }] });
    await expect(bare).rejects.toMatchObject({
      status: 'INVALID_ARGUMENT',
      violations: expect.arrayContaining([
        expect.objectContaining({ field: 'events[0].source_version' }),
        expect.objectContaining({ field: 'events[0].event.event_id' }),
      ]),
    });
  });
});

function deletion() {
  return { message_id: randomUUID(), deleter_id: randomUUID() };
}
