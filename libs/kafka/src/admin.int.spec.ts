import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { silentLogger } from '@nova/telemetry';
import { type PrivateKafka, privateKafka, randomName, waitFor } from '@nova/testkit';
import { Kafka } from 'kafkajs';
import { errors } from './errors.ts';
import { openKafka } from './open-kafka.ts';
import { settings } from './settings.ts';

let broker: PrivateKafka;
const openAdmin = () =>
  openKafka({ brokers: broker.brokers, clientId: 'spec', logger: silentLogger }).admin();

beforeAll(async () => {
  broker = await privateKafka();
}, 60_000);
afterAll(() => broker.remove());

async function configOf(topic: string): Promise<Record<string, string | null>> {
  const admin = new Kafka({ brokers: [...broker.brokers], clientId: 'spec-reader' }).admin();
  await admin.connect();
  try {
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: 2, name: topic }],
    });
    const entries = resources[0]?.configEntries ?? [];
    return Object.fromEntries(
      entries.map(({ configName, configValue }) => [configName, configValue]),
    );
  } finally {
    await admin.disconnect();
  }
}

describe('the admin', () => {
  it('creates missing topics with their settings, once', async () => {
    const admin = openAdmin();
    const [first, second] = [randomName('nova_events_a'), randomName('nova_dlt_a')];
    const specs = [
      { topic: first, partitions: 8 },
      { topic: second, partitions: 1, config: { 'retention.ms': '1000' } },
    ];
    expect(await admin.ensureTopics(specs)).toEqual([first, second]);
    expect(await admin.ensureTopics(specs)).toEqual([]);
    const topics = await admin.topics();
    expect([topics.get(first), topics.get(second)]).toEqual([8, 1]);
    expect(await configOf(first)).toMatchObject({
      'retention.ms': String(30 * 24 * 60 * 60 * 1000),
      'max.message.bytes': '1048588',
      'min.insync.replicas': '1',
      'cleanup.policy': 'delete',
    });
    expect(await configOf(second)).toMatchObject({ 'retention.ms': '1000' });
    await admin.close();
  }, 30_000);

  it('names existing topics with another number of partitions and creates nothing then', async () => {
    const admin = openAdmin();
    const [taken, missing] = [randomName('nova_events_b'), randomName('nova_events_c')];
    await admin.ensureTopics([{ topic: taken, partitions: 4 }]);
    const attempt = admin.ensureTopics([
      { topic: taken, partitions: 8 },
      { topic: missing, partitions: 8 },
    ]);
    await expect(attempt).rejects.toMatchObject({ kind: errors.KAFKA_TOPIC_DIFFERS });
    await expect(attempt).rejects.toThrow(`${taken} has 4, the catalogue says 8`);
    expect((await admin.topics()).has(missing)).toBe(false);
    await admin.close();
  }, 30_000);

  it('lets several processes create the same topics at the same time', async () => {
    const specs = Array.from({ length: 5 }, () => ({
      topic: randomName('nova_events_d'),
      partitions: 2,
    }));
    const admins = [openAdmin(), openAdmin(), openAdmin()];
    await Promise.all(admins.map((admin) => admin.ensureTopics(specs)));
    const topics = await admins[0]?.topics();
    for (const { topic } of specs) expect(topics?.get(topic)).toBe(2);
    await Promise.all(admins.map((admin) => admin.close()));
  }, 30_000);

  it('says what the broker refuses', async () => {
    const admin = openAdmin();
    const topic = randomName('nova_events_e');
    await expect(
      admin.ensureTopics([{ topic, partitions: 1, config: { 'retention.ms': 'soon' } }]),
    ).rejects.toMatchObject({ kind: errors.KAFKA_REFUSED });
    await admin.close();
  }, 30_000);

  it('notices a paused broker within the deadline, and that it is back', async () => {
    const admin = openAdmin();
    await admin.ping();
    broker.pause();
    try {
      const askedAt = performance.now();
      await expect(admin.ping(700)).rejects.toMatchObject({ kind: errors.KAFKA_UNAVAILABLE });
      expect(performance.now() - askedAt).toBeLessThan(3000);
    } finally {
      broker.resume();
    }
    await waitFor(() => admin.ping().then(() => true), { withinMs: 10_000, what: 'a ping' });
    await admin.close();
  }, 30_000);

  it('notices a dead broker, and that it is back', async () => {
    const admin = openAdmin();
    await admin.ping();
    await broker.kill();
    await expect(admin.ping(1500)).rejects.toMatchObject({ kind: errors.KAFKA_UNAVAILABLE });
    await broker.restart();
    await waitFor(() => admin.ping().then(() => true), { withinMs: 20_000, what: 'a ping' });
    await admin.close();
  }, 60_000);
});

describe('the settings', () => {
  it('default to the broker of the command line', () => {
    expect(settings.kafkaBrokers.default).toEqual(['localhost:9092']);
  });
});
