import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { derivedId, newEventId, partitionOf, topicOf } from '@nova/events';
import { type Kafka, type KafkaPublisher, openKafka } from '@nova/kafka';
import { metricsText, silentLogger } from '@nova/telemetry';
import { recordSpans } from '@nova/telemetry/testing';
import { readyTopics, type TestDatabase, testDatabase, testKafka, waitFor } from '@nova/testkit';
import { type KcatRecord, kcat } from '../../fixtures/kcat.ts';
import { type AppendUnit, append, createRelay, outboxMigrations, type Relay } from '../index.ts';

// Topics of the shared broker, used by this file alone.
const TYPES = { created: 'relay_spec_created', changed: 'relay_spec_changed' } as const;

let brokers: readonly string[];
let kafka: Kafka;
let publisher: KafkaPublisher;
let test: TestDatabase;

beforeAll(async () => {
  [{ brokers }, test] = await Promise.all([
    testKafka(),
    testDatabase({ migrations: [{ owner: 'outbox', dir: outboxMigrations }] }),
  ]);
  kafka = openKafka({ brokers, clientId: 'relay-spec', logger: silentLogger });
  const topics = Object.values(TYPES).map((type) => ({ topic: topicOf(type), partitions: 8 }));
  await readyTopics(kafka.admin(), topics);
  publisher = kafka.publisher();
  await publisher.start();
}, 60_000);

afterAll(async () => {
  await publisher.stop();
  await kafka.admin().close();
  await test.drop();
});

const openRelay = (relayId: string): Relay =>
  createRelay({ database: test.database, publisher, relayId, logger: silentLogger });

const unit = (
  eventType: string,
  aggregateIds: readonly string[],
  more: Partial<AppendUnit['events'][number]> = {},
): AppendUnit => ({
  conditions: [],
  mode: 'atomic',
  events: aggregateIds.map((aggregateId) => ({
    eventId: newEventId(),
    eventIdGiven: false,
    eventType,
    schemaVersion: 1,
    aggregateType: 'conversation',
    aggregateId,
    payload: Buffer.from(`{"text":"für ${aggregateId} 🔑"}`),
    source: '/nova/relay-spec',
    annotations: {},
    ...more,
  })),
});

const lanesAtHead = () =>
  waitFor(
    async () => {
      const [row] = await test.database.query<{ behind: bigint }>(
        `SELECT count(*) AS behind FROM outbox_lanes, outbox_log WHERE position < last_position`,
      );
      return row?.behind === 0n;
    },
    { withinMs: 15_000, what: 'all lanes at the head' },
  );

const inTopics = async (): Promise<readonly KcatRecord[]> =>
  (await Promise.all(Object.values(TYPES).map((type) => kcat(brokers, topicOf(type))))).flat();

async function logRows() {
  return test.database.query<{ id: string; aggregate: string; type: string; sequence: bigint }>(
    `SELECT event_id AS id, aggregate_id AS aggregate, event_type AS type, type_sequence AS sequence
     FROM outbox_events ORDER BY position`,
  );
}

/** Sequences of the first occurrences per topic and key, in the order of the topic. */
function sequences(records: readonly KcatRecord[]): Map<string, number[]> {
  const seen = new Set<string>();
  const found = new Map<string, number[]>();
  for (const { topic, key, headers } of records) {
    const id = headers['ce_id'] ?? '';
    if (seen.has(id)) continue;
    seen.add(id);
    const name = `${topic} ${key}`;
    found.set(name, [...(found.get(name) ?? []), Number(headers['ce_novatypesequence'])]);
  }
  return found;
}

async function expectTopicsToHoldTheLog(): Promise<readonly KcatRecord[]> {
  const [rows, records] = [await logRows(), await inTopics()];
  expect(new Set(records.map(({ headers }) => headers['ce_id']))).toEqual(
    new Set(rows.map(({ id }) => id)),
  );
  for (const found of sequences(records).values()) {
    expect(found).toEqual(found.map((_, index) => index + 1));
  }
  for (const { key, partition } of records) expect(partition).toBe(partitionOf(key, 8));
  return records;
}

describe('a relay between PostgreSQL and Kafka', () => {
  it('publishes a record with exactly the headers of the conventions, within a blink', async () => {
    const relay = openRelay('headers');
    await relay.start();
    try {
      await waitFor(() => relay.status().lanesOwned === 64, { withinMs: 5000, what: 'its lanes' });
      const id = derivedId('headers');
      await append(test.database, [unit(TYPES.changed, [id])]);
      const eventId = newEventId();
      const [stored] = await append(test.database, [
        unit(TYPES.created, [id], {
          eventId,
          tenant: 'acme',
          occurredAt: '2024-02-29T23:59:59.123456Z',
          annotations: {
            correlationId: 'correlation',
            causationId: 'causation',
            traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00',
            tracestate: 'vendor=1',
            expiresAt: '2030-01-01T00:00:00Z',
            metadata: { b: '2', a: 'ä' },
          },
        }),
      ]);
      const [record, ...more] = await waitFor(
        async () => {
          const found = await kcat(brokers, topicOf(TYPES.created));
          return found.length > 0 && found;
        },
        { withinMs: 10_000, what: 'the record in the topic' },
      );
      expect(more).toEqual([]);
      const event = stored?.outcome === 'stored' ? stored.events[0] : undefined;
      if (event === undefined || !('position' in event)) throw new Error('not stored');
      const { epoch, position } = event.position;
      expect(record?.key).toBe(id);
      expect(record?.value.toString()).toBe(`{"text":"für ${id} 🔑"}`);
      expect(record?.headers).toEqual({
        'content-type': 'application/json',
        ce_specversion: '1.0',
        ce_id: eventId,
        ce_source: '/nova/relay-spec',
        ce_type: TYPES.created,
        ce_time: '2024-02-29T23:59:59.123456Z',
        ce_subject: `conversation/${id}`,
        ce_dataschema: `nova:${TYPES.created}:1`,
        ce_sequence: '0000000000000000002',
        ce_novatypesequence: '1',
        ce_novaprevious: `${TYPES.changed}=1`,
        ce_novaposition: `${epoch}-${String(position).padStart(19, '0')}`,
        ce_novastoredat: event.storedAt,
        ce_novaexpiresat: '2030-01-01T00:00:00Z',
        ce_novametadata: '{"a":"ä","b":"2"}',
        ce_novatenant: 'acme',
        ce_correlationid: 'correlation',
        ce_causationid: 'causation',
        ce_traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00',
        ce_tracestate: 'vendor=1',
        // Nobody records this trace, so the hop passes it on as it is.
        traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00',
        tracestate: 'vendor=1',
      });
    } finally {
      await relay.stop();
    }
  }, 60_000);

  it('tells its metrics under the names of the conventions', async () => {
    const relay = openRelay('metrics');
    await relay.start();
    try {
      await append(test.database, [unit(TYPES.created, [derivedId('metrics')])]);
      await lanesAtHead();
      const told = async () => {
        const text = await metricsText();
        expect(text).toContain(`cqrs_events_published_total{event_type="${TYPES.created}"}`);
        expect(text).toContain('cqrs_outbox_publish_lag_seconds_bucket{le="0.001"}');
        expect(text).toMatch(/^nova_relay_lane_owned 64$/m);
        expect(text).toMatch(/^cqrs_outbox_pending_count 0$/m);
        expect(text).toMatch(/^nova_outbox_oldest_pending_age_seconds 0$/m);
        return true;
      };
      // A gauge whose reading takes too long is left out of a text.
      await waitFor(told, { withinMs: 20_000, what: 'the metrics' });
    } finally {
      await relay.stop();
    }
  }, 60_000);

  it('continues the trace of the append in a span of its own', async () => {
    const spans = recordSpans();
    const relay = openRelay('trace');
    await relay.start();
    try {
      const id = derivedId('trace');
      const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
      const traceparent = `00-${traceId}-00f067aa0ba902b7-01`;
      await append(test.database, [unit(TYPES.created, [id], { annotations: { traceparent } })]);
      await lanesAtHead();
      const records = await kcat(brokers, topicOf(TYPES.created));
      const headers = records.find(({ key }) => key === id)?.headers;
      const span = spans.spans().find(({ name }) => name === `send ${topicOf(TYPES.created)}`);
      expect(span).toMatchObject({ traceId, parentSpanId: '00f067aa0ba902b7', failed: false });
      expect(headers?.['ce_traceparent']).toBe(traceparent);
      expect(headers?.['traceparent']).toBe(`00-${traceId}-${span?.spanId}-01`);
    } finally {
      await relay.stop();
      await spans.stop();
    }
  }, 60_000);

  it('publishes a long backlog and what comes meanwhile, in order, without repetitions', async () => {
    const ids = Array.from({ length: 150 }, (_, index) => derivedId(`backlog ${index}`));
    const types = Object.values(TYPES);
    for (let round = 0; round < 40; round += 1) {
      await append(test.database, [unit(types[round % 2] ?? '', ids)]);
    }
    const relay = openRelay('backlog');
    await relay.start();
    for (let round = 0; round < 20; round += 1) {
      await append(test.database, [unit(types[round % 2] ?? '', ids)]);
    }
    await lanesAtHead();
    await relay.stop();
    const records = await expectTopicsToHoldTheLog();
    expect(records.length).toBe((await logRows()).length);
    expect(relay.status().publishedTotal).toBe(9000);
  }, 60_000);

  it('hands over to another relay when it stops in the middle', async () => {
    const ids = Array.from({ length: 100 }, (_, index) => derivedId(`hand-over ${index}`));
    const relays = [openRelay('first'), openRelay('second')];
    await Promise.all(relays.map((relay) => relay.start()));
    for (let round = 0; round < 30; round += 1) {
      await append(test.database, [unit(TYPES.created, ids)]);
      if (round === 15) await relays[0]?.stop();
    }
    await lanesAtHead();
    await waitFor(() => relays[1]?.status().lanesOwned === 64, {
      withinMs: 4000,
      what: 'the second has all lanes before any lease ended',
    });
    await relays[1]?.stop();
    await expectTopicsToHoldTheLog();
    const [row] = await test.database.query<{ owned: bigint }>(
      'SELECT count(owner) AS owned FROM outbox_lanes',
    );
    expect(row?.owned).toBe(0n);
  }, 60_000);
});
