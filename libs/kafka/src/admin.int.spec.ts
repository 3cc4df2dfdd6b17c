import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { silentLogger } from '@nova/telemetry';
import { randomName, testKafka } from '@nova/testkit';
import { Kafka } from 'kafkajs';
import { errors } from './errors.ts';
import { openKafka } from './open-kafka.ts';
import { settings } from './settings.ts';
import { rigs, until } from './testing/each-driver.rig.spec.ts';

const { brokers } = await testKafka();
const { each, close, rigOf } = rigs({ brokers });

// Here no call is made twice: the broker, just started, is used before.
beforeAll(() => rigOf('platformatic').newTopic(1));

afterAll(async () => {
  await close();
});

async function configOf(topic: string): Promise<Record<string, string | null>> {
  const admin = new Kafka({ brokers: [...brokers], clientId: 'spec-reader' }).admin();
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
  each('creates missing topics with their settings, once, and describes them', async (rig) => {
    const admin = rig.kafka.admin();
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
    await rig.publish(first, 3, 0, 5);
    const described = () => admin.describe([first, second, 'nova_events_none']);
    // Until each partition has a leader that knows of it.
    expect(await until('a description', described)).toEqual(
      new Map([
        [first, { partitions: 8, retentionMs: 30 * 24 * 60 * 60 * 1000, records: 5n }],
        [second, { partitions: 1, retentionMs: 1000, records: 0n }],
      ]),
    );
  });

  each('names topics with another number of partitions and creates nothing then', async (rig) => {
    const admin = rig.kafka.admin();
    const [taken, missing] = [randomName('nova_events_b'), randomName('nova_events_c')];
    await admin.ensureTopics([{ topic: taken, partitions: 4 }]);
    const attempt = admin.ensureTopics([
      { topic: taken, partitions: 8 },
      { topic: missing, partitions: 8 },
    ]);
    await expect(attempt).rejects.toMatchObject({ kind: errors.KAFKA_TOPIC_DIFFERS });
    await expect(attempt).rejects.toThrow(`${taken} has 4, the catalogue says 8`);
    expect((await admin.topics()).has(missing)).toBe(false);
  });

  each('lets several processes create the same topics at the same time', async ({ driver }) => {
    const topics = Array.from({ length: 5 }, () => randomName('nova_events_d'));
    const specs = topics.map((topic) => ({ topic, partitions: 2 }));
    const admins = [1, 2, 3].map(() =>
      openKafka({ brokers, clientId: 'several', logger: silentLogger, driver }).admin(),
    );
    await Promise.all(admins.map((admin) => admin.ensureTopics(specs)));
    const found = await admins[0]?.topics();
    for (const topic of topics) expect(found?.get(topic)).toBe(2);
    await Promise.all(admins.map((admin) => admin.close()));
  });

  each('says what the broker refuses', async ({ kafka }) => {
    const spec = { topic: randomName('nova_events_e'), partitions: 1 };
    await expect(
      kafka.admin().ensureTopics([{ ...spec, config: { 'retention.ms': 'soon' } }]),
    ).rejects.toMatchObject({ kind: errors.KAFKA_REFUSED });
  });
});

describe('the settings', () => {
  it('default to the broker of the command line', () => {
    expect(settings.kafkaBrokers.default).toEqual(['localhost:9092']);
  });
});
