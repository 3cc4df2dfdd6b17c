import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { derivedId, newEventId, partitionOf, topicOf } from '@nova/events';
import { type Kafka, type KafkaPublisher, openKafka } from '@nova/kafka';
import { configureTopic, deleteRecords } from '@nova/kafka/testing';
import { silentLogger } from '@nova/telemetry';
import { readyTopics, type TestDatabase, testDatabase, testKafka, waitFor } from '@nova/testkit';
import { kcat } from '../../fixtures/kcat.ts';
import {
  append,
  cancelRepublish,
  createRelay,
  listRepublishes,
  logHead,
  outboxMigrations,
  type Relay,
  type RepublishRequest,
  startRepublish,
} from '../index.ts';
import { lowerTopicLimit } from '../testing/topic-limit.rig.spec.ts';

// Topics of the shared broker, used by this file alone.
const TYPE = 'relay_spec_republished';
const OTHER = 'relay_spec_republished_not';
const ids = Array.from({ length: 50 }, (_, index) => derivedId(`republished ${index}`));
const ROUNDS = 12;

let brokers: readonly string[];
let kafka: Kafka;
let publisher: KafkaPublisher;
let test: TestDatabase;
let relays: Relay[] = [];

beforeAll(async () => {
  [{ brokers }, test] = await Promise.all([
    testKafka(),
    testDatabase({ migrations: [{ owner: 'outbox', dir: outboxMigrations }] }),
  ]);
  kafka = openKafka({ brokers, clientId: 'republish', logger: silentLogger });
  const topics = [TYPE, OTHER].map((type) => ({ topic: topicOf(type), partitions: 8 }));
  await readyTopics(kafka.admin(), topics);
  publisher = kafka.publisher();
  await publisher.start();
  await startRelay('first');
  for (let round = 0; round < ROUNDS; round += 1) await appendRound(round % 3 === 2 ? OTHER : TYPE);
  await allAtHead();
}, 60_000);

afterEach(() => configureTopic(brokers, topicOf(TYPE), { 'max.message.bytes': '1048588' }));
afterAll(async () => {
  await Promise.all(relays.map((relay) => relay.stop()));
  await publisher.stop();
  await kafka.admin().close();
  await test.drop();
});

async function startRelay(relayId: string): Promise<Relay> {
  const { database } = test;
  const relay = createRelay({ database, publisher, relayId, logger: silentLogger });
  relays.push(relay);
  await relay.start();
  return relay;
}

async function appendRound(eventType: string): Promise<void> {
  const events = ids.map((aggregateId, index) => ({
    eventId: newEventId(),
    eventIdGiven: false,
    eventType,
    schemaVersion: 1,
    aggregateType: 'conversation',
    aggregateId,
    // One aggregate has events that are larger than those of the others.
    payload: Buffer.from(JSON.stringify({ text: 'x'.repeat(index === 0 ? 9000 : 100) })),
    source: '/nova/relay-spec',
    annotations: {},
  }));
  await append(test.database, [{ conditions: [], mode: 'atomic', events }]);
}

const allAtHead = () =>
  waitFor(
    async () => {
      const { head, lanes } = await logHead(test.database);
      return lanes.every(({ position }) => position.position === head.position);
    },
    { withinMs: 20_000, what: 'all lanes at the head' },
  );

const request: Omit<RepublishRequest, 'to'> = {
  from: 1n,
  eventTypes: [TYPE],
  eventsPerSecond: 0,
  reason: 'a disk was lost',
  requestedBy: 'spec',
  events: 0n,
};
const LAST = BigInt(ROUNDS * ids.length);

const ended = (id: string) =>
  waitFor(
    async () => {
      const [found] = await listRepublishes(test.database, id);
      return found?.state === 'running' ? undefined : found;
    },
    { withinMs: 30_000, what: 'its end' },
  );

async function versionsByKey(type: string) {
  const records = await kcat(brokers, topicOf(type));
  const sequence = ({ headers }: { headers: Readonly<Record<string, string>> }) =>
    Number(headers['ce_novatypesequence']);
  const again = records.filter(({ headers }) => headers['ce_novareplay'] === 'a disk was lost');
  return new Map(
    ids.map((id) => [id, again.filter(({ key }) => key === id).map((one) => sequence(one))]),
  );
}

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

describe('a republish', () => {
  it('sends what topics have lost from the log, in order, beside what is new', async () => {
    await Promise.all([
      deleteRecords(brokers, topicOf(TYPE)),
      deleteRecords(brokers, topicOf(OTHER)),
    ]);
    const { id } = await startRepublish(test.database, { ...request, to: LAST });
    for (let round = 0; round < 3; round += 1) await appendRound(TYPE);
    expect(await ended(id)).toMatchObject({ state: 'done', sent: 400n, refused: 0n });
    await allAtHead();
    expect([...(await versionsByKey(TYPE)).values()]).toEqual(ids.map(() => upTo(8)));
    const records = await kcat(brokers, topicOf(TYPE));
    const isNew = ({ headers }: { headers: Readonly<Record<string, string>> }) =>
      headers['ce_novareplay'] === undefined;
    expect(records.filter(isNew)).toHaveLength(150);
    expect(await kcat(brokers, topicOf(OTHER))).toEqual([]);
  }, 60_000);

  it('goes on where it was under another relay, at the rate asked for', async () => {
    await deleteRecords(brokers, topicOf(TYPE));
    const startedAt = performance.now();
    const asked = { ...request, to: LAST, eventsPerSecond: 200 };
    const { id } = await startRepublish(test.database, asked);
    const [first] = relays;
    await waitFor(async () => ((await listRepublishes(test.database, id))[0]?.sent ?? 0n) > 0n, {
      withinMs: 10_000,
      what: 'its beginning',
    });
    await first?.stop();
    relays = relays.filter((relay) => relay !== first);
    await startRelay('second');
    const found = await ended(id);
    expect(found.state).toBe('done');
    expect(found.sent).toBeGreaterThanOrEqual(400n);
    expect(performance.now() - startedAt).toBeGreaterThan(1000);
    for (const versions of (await versionsByKey(TYPE)).values()) {
      expect([...new Set(versions)]).toEqual(upTo(8));
    }
  }, 60_000);

  it('leaves out what Kafka refuses, and parks nothing', async () => {
    await deleteRecords(brokers, topicOf(TYPE));
    const limit = { bytes: 8000, partition: partitionOf(ids[0] ?? '', 8) };
    await lowerTopicLimit({ brokers, publisher }, topicOf(TYPE), limit);
    const { id } = await startRepublish(test.database, { ...request, to: LAST });
    expect(await ended(id)).toMatchObject({ state: 'done', sent: 392n, refused: 8n });
    const [ill = [], ...others] = [...(await versionsByKey(TYPE)).values()];
    expect(ill).toEqual([]);
    expect(others).toEqual(ids.slice(1).map(() => upTo(8)));
    const parked = await test.database.query('SELECT FROM outbox_parked');
    expect(parked).toEqual([]);
  }, 60_000);

  it('leaves the rows of the log as they were written: none is updated, none dead', async () => {
    const [log] = await test.database.query<{ rows: bigint }>(
      'SELECT last_position AS rows FROM outbox_log',
    );
    // A connection reports what it has done some time later.
    const found = await waitFor(
      async () => {
        const [row] = await test.database.query<{ inserted: bigint; changed: bigint }>(
          `SELECT sum(n_tup_ins)::bigint AS inserted,
                  sum(n_tup_upd + n_tup_del + n_dead_tup)::bigint AS changed
           FROM pg_stat_user_tables WHERE relname LIKE 'outbox_events_p%'`,
        );
        return row?.inserted === log?.rows ? row : undefined;
      },
      { withinMs: 30_000, what: 'all inserts reported' },
    );
    expect(found.changed).toBe(0n);
  }, 40_000);

  it('ends when it is cancelled', async () => {
    const asked = { ...request, to: LAST, eventsPerSecond: 1 };
    const { id } = await startRepublish(test.database, asked);
    await waitFor(async () => ((await listRepublishes(test.database, id))[0]?.sent ?? 0n) > 0n, {
      withinMs: 10_000,
      what: 'its beginning',
    });
    expect(await cancelRepublish(test.database, id, 'spec')).toBe(true);
    expect(await cancelRepublish(test.database, id, 'spec')).toBe(false);
    const [found] = await listRepublishes(test.database, id);
    expect(found).toMatchObject({ state: 'cancelled', requestedBy: 'spec' });
  }, 30_000);
});
