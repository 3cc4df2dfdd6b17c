import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { derivedId, newEventId, partitionOf, topicOf } from '@nova/events';
import { type Kafka, type KafkaPublisher, openKafka } from '@nova/kafka';
import { configureTopic } from '@nova/kafka/testing';
import { silentLogger } from '@nova/telemetry';
import { readyTopics, type TestDatabase, testDatabase, testKafka, waitFor } from '@nova/testkit';
import { kcat } from '../../fixtures/kcat.ts';
import { append, createRelay, outboxMigrations, type Relay } from '../index.ts';
import { lowerTopicLimit } from '../testing/topic-limit.rig.spec.ts';

// Topics of the shared broker, used by this file alone.
const [TYPE, OTHER] = ['relay_spec_parked', 'relay_spec_parked_other'];
const ids = Array.from({ length: 40 }, (_, index) => derivedId(`parked ${index}`));
const [ILL = ''] = ids;
const LARGE = 40_000;

let brokers: readonly string[];
let kafka: Kafka;
let publisher: KafkaPublisher;
let test: TestDatabase;
let relay: Relay;

beforeAll(async () => {
  [{ brokers }, test] = await Promise.all([
    testKafka(),
    testDatabase({ migrations: [{ owner: 'outbox', dir: outboxMigrations }] }),
  ]);
  const logger = silentLogger;
  kafka = openKafka({ brokers, clientId: 'parked', logger });
  const topics = [TYPE, OTHER].map((type) => ({ topic: topicOf(type ?? ''), partitions: 8 }));
  await readyTopics(kafka.admin(), topics);
  publisher = kafka.publisher();
  await publisher.start();
  const settings = { parkedRetryMs: 100 };
  relay = createRelay({ database: test.database, publisher, relayId: 'parked', logger, settings });
  await relay.start();
}, 60_000);

afterAll(async () => {
  await relay.stop();
  await publisher.stop();
  await kafka.admin().close();
  await test.drop();
});

async function appendTo(aggregateIds: readonly string[], eventType = TYPE ?? '', bytes = 100) {
  const events = aggregateIds.map((aggregateId) => ({
    eventId: newEventId(),
    eventIdGiven: false,
    eventType,
    schemaVersion: 1,
    aggregateType: 'conversation',
    aggregateId,
    payload: Buffer.from(JSON.stringify({ text: 'x'.repeat(bytes) })),
    source: '/nova/relay-spec',
    annotations: {},
  }));
  await append(test.database, [{ conditions: [], mode: 'atomic', events }]);
}

const allAtHead = () =>
  waitFor(
    async () => {
      const [row] = await test.database.query<{ behind: bigint }>(
        'SELECT count(*) AS behind FROM outbox_lanes, outbox_log WHERE position < last_position',
      );
      return row?.behind === 0n;
    },
    { withinMs: 20_000, what: 'all lanes at the head' },
  );

const parkedRows = () =>
  test.database.query<{ id: string; version: bigint; attempts: number; code: string }>(
    `SELECT aggregate_id AS id, aggregate_version AS version, attempts, error_code AS code
     FROM outbox_parked`,
  );

/** Versions of the ill aggregate in a topic, first occurrences only. */
async function versionsIn(eventType = TYPE ?? ''): Promise<number[]> {
  const records = await kcat(brokers, topicOf(eventType));
  const own = records.filter(({ key }) => key === ILL);
  return [...new Set(own.map(({ headers }) => Number(headers['ce_sequence'])))];
}

it('parks an event that a lowered limit of its topic refuses, and publishes it in order once it is raised', async () => {
  await appendTo(ids);
  await allAtHead();
  const limit = { bytes: 20_000, partition: partitionOf(ILL, 8) };
  await lowerTopicLimit({ brokers, publisher }, topicOf(TYPE ?? ''), limit);
  // A large one between small ones; together the small ones of a partition are too large, too.
  for (let round = 0; round < 5; round += 1) await appendTo(ids, TYPE, 2000);
  await appendTo([ILL], TYPE, LARGE);
  for (let round = 0; round < 5; round += 1) await appendTo(ids, TYPE, 2000);
  await appendTo(ids, OTHER);
  await allAtHead();
  expect(await parkedRows()).toMatchObject([
    { id: ILL, version: 7n, code: 'NOVA_KAFKA_RECORD_REFUSED' },
  ]);
  expect(relay.status()).toMatchObject({ aggregatesParked: 1, troubles: [] });
  expect(await versionsIn()).toEqual([1, 2, 3, 4, 5, 6]);
  const records = await kcat(brokers, topicOf(TYPE ?? ''));
  for (const id of ids.slice(1)) {
    const versions = new Set(
      records.filter(({ key }) => key === id).map(({ headers }) => Number(headers['ce_sequence'])),
    );
    expect([...versions]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  }
  await waitFor(async () => ((await parkedRows())[0]?.attempts ?? 0) > 2, {
    withinMs: 10_000,
    what: 'tried again',
  });
  await configureTopic(brokers, topicOf(TYPE ?? ''), { 'max.message.bytes': '1048588' });
  await waitFor(async () => (await parkedRows()).length === 0, {
    withinMs: 20_000,
    what: 'nothing parked',
  });
  await appendTo([ILL]);
  await allAtHead();
  expect(await versionsIn()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14]);
  expect(await versionsIn(OTHER)).toEqual([13]);
  expect(relay.status()).toMatchObject({ aggregatesParked: 0 });
}, 60_000);
