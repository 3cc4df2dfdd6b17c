import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { derivedId, formatPosition, newEventId, topicOf } from '@nova/events';
import { type Kafka, type KafkaPublisher, openKafka } from '@nova/kafka';
import { silentLogger } from '@nova/telemetry';
import {
  type PrivateKafka,
  type PrivatePostgres,
  privateKafka,
  privatePostgres,
  readyTopics,
  type TestDatabase,
  testDatabase,
  waitFor,
} from '@nova/testkit';
import { kcat } from '../../fixtures/kcat.ts';
import { append, createRelay, outboxMigrations, type Relay, readWindow } from '../index.ts';

const TYPE = 'relay_spec_outage';
const ids = Array.from({ length: 50 }, (_, index) => derivedId(`outage ${index}`));

let broker: PrivateKafka;
let postgres: PrivatePostgres;
let test: TestDatabase;
let kafka: Kafka;
let publisher: KafkaPublisher;
let relay: Relay;

beforeAll(async () => {
  [broker, postgres] = await Promise.all([privateKafka(), privatePostgres()]);
  test = await testDatabase({
    migrations: [{ owner: 'outbox', dir: outboxMigrations }],
    on: postgres,
    statementTimeoutMs: 1500,
  });
  const { brokers } = broker;
  const logger = silentLogger;
  kafka = openKafka({ brokers, clientId: 'outages', logger, sendDeadlineMs: 3000 });
  await readyTopics(kafka.admin(), [{ topic: topicOf(TYPE), partitions: 8 }]);
  publisher = kafka.publisher();
  await publisher.start();
  relay = createRelay({ database: test.database, publisher, relayId: 'outages', logger });
  await relay.start();
}, 120_000);

afterAll(async () => {
  await relay.stop();
  await publisher.stop();
  await kafka.admin().close();
  await test.drop();
  await Promise.all([broker.remove(), postgres.remove()]);
}, 60_000);

/** Appends one event to each aggregate, again with the same request id until it is stored. */
async function appendRound(round: string): Promise<void> {
  const key = {
    principal: 'spec',
    method: 'append',
    requestId: round,
    hash: Buffer.from(round),
  };
  const events = ids.map((aggregateId) => ({
    eventId: newEventId(),
    eventIdGiven: false,
    eventType: TYPE,
    schemaVersion: 1,
    aggregateType: 'conversation',
    aggregateId,
    payload: Buffer.from('{}'),
    source: '/nova/relay-spec',
    annotations: {},
  }));
  await waitFor(() => append(test.database, [{ key, conditions: [], mode: 'atomic', events }]), {
    withinMs: 30_000,
    what: `round ${round} stored`,
  });
}

async function expectTopicToHoldTheLog(rounds: number): Promise<void> {
  const wanted = rounds * ids.length;
  await waitFor(() => relay.status().acknowledgedTo === BigInt(wanted), {
    withinMs: 45_000,
    what: 'everything acknowledged',
  });
  const { events } = await readWindow(test.database, { after: 0n, limit: 5000 });
  expect(events).toHaveLength(wanted);
  const records = await kcat(broker.brokers, topicOf(TYPE));
  const first = new Map<string, (typeof records)[number]>();
  for (const record of records) {
    const id = record.headers['ce_id'] ?? '';
    if (!first.has(id)) first.set(id, record);
  }
  expect(new Set(first.keys())).toEqual(new Set(events.map(({ eventId }) => eventId)));
  for (const { eventId, position } of events) {
    expect(first.get(eventId)?.headers['ce_novaposition']).toBe(formatPosition(position));
  }
  const next = new Map<string, number>();
  for (const { key, headers } of first.values()) {
    expect(Number(headers['ce_sequence'])).toBe((next.get(key) ?? 0) + 1);
    next.set(key, Number(headers['ce_sequence']));
  }
}

// One relay goes through all of them: what one leaves behind, the next would show.
describe('a relay', () => {
  it('keeps events in the log while Kafka is dead, and publishes them when it is back', async () => {
    await appendRound('before');
    await broker.kill();
    for (let round = 0; round < 4; round += 1) await appendRound(`kafka dead ${round}`);
    await waitFor(() => relay.status().troubles.some(({ kind }) => kind === 'kafka'), {
      withinMs: 30_000,
      what: 'the outage in the status',
    });
    expect(relay.status().lanesOwned).toBe(64);
    await broker.restart();
    await expectTopicToHoldTheLog(5);
    expect(relay.status().troubles).toEqual([]);
  }, 120_000);

  it('does the same when Kafka is paused for longer than a send may take', async () => {
    broker.pause();
    for (let round = 0; round < 4; round += 1) await appendRound(`kafka paused ${round}`);
    const isGivenUp = () =>
      relay.status().troubles.some(({ errorCode }) => errorCode === 'NOVA_KAFKA_UNAVAILABLE');
    await waitFor(isGivenUp, { withinMs: 30_000, what: 'a send given up' });
    broker.resume();
    await expectTopicToHoldTheLog(9);
  }, 120_000);

  it('goes on after PostgreSQL was killed, naming the new epoch', async () => {
    await postgres.kill();
    await waitFor(() => relay.status().lanesOwned === 0 || relay.status().troubles.length > 0, {
      withinMs: 30_000,
      what: 'the outage noticed',
    });
    await postgres.restart();
    for (let round = 0; round < 4; round += 1) await appendRound(`postgres killed ${round}`);
    await expectTopicToHoldTheLog(13);
  }, 120_000);

  it('goes on after PostgreSQL was paused for longer than its leases', async () => {
    await appendRound('postgres paused');
    postgres.pause();
    await waitFor(() => relay.status().troubles.some(({ kind }) => kind === 'database'), {
      withinMs: 30_000,
      what: 'the outage in the status',
    });
    postgres.resume();
    for (let round = 0; round < 4; round += 1) await appendRound(`postgres back ${round}`);
    await expectTopicToHoldTheLog(18);
  }, 120_000);
});
