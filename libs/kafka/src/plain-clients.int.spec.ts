// What the two clients do when they are used in the usual way, as they are published, and what the seam
// makes of it. docs/pitfalls.md has both tests of each point of the paper on Kafka clients.
import { afterAll, describe, expect, it } from '@jest/globals';
import { silentLogger } from '@nova/telemetry';
import { randomName, readyTopics, testKafka } from '@nova/testkit';
import { Admin } from '@platformatic/kafka';
import { Kafka } from 'kafkajs';
import { loadDriver } from './load-driver.ts';
import { openKafka } from './open-kafka.ts';
import { DRIVERS, defaults } from './options.ts';
import { numbersIn, until, upTo } from './testing/each-driver.rig.spec.ts';
import {
  asTold,
  message,
  messageTo,
  plainConsumer,
  plainKafkajs,
  plainProducer,
} from './testing/plain-clients.rig.spec.ts';

const { brokers } = await testKafka();
const kafka = openKafka({ brokers, clientId: 'spec', logger: silentLogger });
const read = (topic: string, partition = 0) =>
  numbersIn({ brokers, driver: 'platformatic' }, topic, partition);

afterAll(() => kafka.admin().close());

async function newTopic(partitions: number, config: Record<string, string> = {}) {
  const topic = randomName('nova_events_n');
  await readyTopics(kafka.admin(), [{ topic, partitions, config }]);
  return topic;
}

async function removeMembers(groupId: string) {
  const admin = plainKafkajs(brokers).admin();
  await admin.connect();
  const { groups } = await admin.describeGroups([groupId]);
  const members = groups[0]?.members ?? [];
  await admin.disconnect();
  return members.map(({ memberId }) => memberId);
}

describe('kafkajs in the usual way', () => {
  it('acknowledges records that are not in the topic after a send was refused in part', async () => {
    const topic = await newTopic(2, { 'max.message.bytes': '2000' });
    const producer = plainKafkajs(brokers).producer({
      idempotent: true,
      createPartitioner: asTold,
      retry: { retries: 1 },
    });
    await producer.connect();
    await producer.send({ topic, messages: [message(0, 0), message(0, 1)] });
    const three = [1, 2, 3].map((number) => message(number, 0));
    await expect(
      producer.send({ topic, messages: [...three, message(99, 1, 5000)] }),
    ).rejects.toThrow();
    const more = [4, 5, 6].map((number) => message(number, 0));
    expect(await producer.send({ topic, messages: more })).toMatchObject([{ errorCode: 0 }]);
    expect(await read(topic)).toEqual([0, 1, 2, 3]);
    await producer.disconnect();
  });

  // Ours, by a patch: unpatched it names all partitions in each fetch, and is answered for each.
  it('fetches by what has changed, and all that comes', async () => {
    const topic = await newTopic(64);
    const client = new Kafka({ brokers: [...brokers], clientId: 'patched', logLevel: 0 });
    const producer = client.producer({ createPartitioner: asTold });
    const consumer = client.consumer({ groupId: randomName('fetches'), maxWaitTimeInMs: 300 });
    await producer.connect();
    const sizes: number[] = [];
    consumer.on(consumer.events.REQUEST, ({ payload: { apiName, size } }) => {
      if (apiName === 'Fetch') sizes.push(size);
    });
    const seen: string[] = [];
    await consumer.connect();
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await consumer.run({
      eachMessage: ({ partition, message: { key } }) => {
        seen.push(`${partition}:${String(key)}`);
        return Promise.resolve();
      },
    });
    const sent: string[] = [];
    const send = async (number: number, partition: number) => {
      await producer.send({ topic, messages: [message(number, partition)] });
      sent.push(`${partition}:${number}`);
      await until('the record', () => seen.length === sent.length);
    };
    try {
      for (const number of upTo(10)) await send(number, number * 6);
      expect(seen).toEqual(sent);
      const [all = 0] = sizes;
      expect(all).toBeGreaterThan(64 * 40);
      expect(Math.max(...sizes.slice(-5))).toBeLessThan(1000);
      // What was paused is asked for again, from where it was; and from elsewhere after a seek.
      consumer.pause([{ topic, partitions: [6] }]);
      await producer.send({ topic, messages: [message(10, 6)] });
      await send(11, 12);
      consumer.resume([{ topic, partitions: [6] }]);
      await until('the paused one', () => seen.at(-1) === '6:10');
      consumer.seek({ topic, partition: 6, offset: '0' });
      await until('both again', () => seen.length === sent.length + 3);
      expect(seen.slice(-4)).toEqual(['12:11', '6:10', '6:1', '6:10']);
    } finally {
      await Promise.all([consumer.disconnect(), producer.disconnect()]);
    }
  });

  it('says nothing of a record for a partition that does not exist', async () => {
    const topic = await newTopic(2);
    const producer = plainKafkajs(brokers).producer({ createPartitioner: asTold });
    await producer.connect();
    expect(await producer.send({ topic, messages: [message(1, 7)] })).toEqual([]);
    expect([await read(topic, 0), await read(topic, 1)]).toEqual([[], []]);
    await producer.disconnect();
  });
});

describe('@platformatic/kafka in the usual way', () => {
  it('puts a record for a partition that does not exist into another one', async () => {
    const topic = await newTopic(2);
    const producer = plainProducer(brokers);
    await producer.send({ messages: [messageTo(topic, 1, 7)] });
    expect([await read(topic, 0), await read(topic, 1)]).toEqual([[], [1]]);
    await producer.close(true);
  });

  it('lets a member that was replaced commit for partitions that it no longer has', async () => {
    const [topic, groupId] = [await newTopic(1), randomName('nova.plain')];
    const zombie = plainConsumer(brokers, groupId);
    zombie.topics.trackAll(topic);
    await zombie.joinGroup({});
    expect(zombie.assignments).toEqual([{ topic, partitions: [0] }]);
    // Its group goes on without it, as after a long pause.
    const heir = plainConsumer(brokers, groupId);
    heir.topics.trackAll(topic);
    const joined = heir.joinGroup({});
    await until('two members', async () => (await removeMembers(groupId)).length === 2);
    await joined;
    await until('the sharing', () => {
      const assigned = [zombie, heir].flatMap(({ assignments }) => assignments ?? []);
      return assigned.length === 1;
    });
    const [owner, other] = zombie.assignments?.length === 1 ? [zombie, heir] : [heir, zombie];
    const at = (offset: bigint) => ({ topic, partition: 0, offset, leaderEpoch: -1 });
    await owner.commit({ offsets: [at(10n)] });
    other.generationId -= 1;
    await other.commit({ offsets: [at(2n)] });
    const committed = await owner.listCommittedOffsets({ topics: [{ topic, partitions: [0] }] });
    expect(committed.get(topic)).toEqual([2n]);
    await Promise.all([zombie.close(true), heir.close(true)]);
  }, 40_000);
});

describe('the seam', () => {
  it.each(DRIVERS)('refuses the commit of a member that was replaced, over %s', async (driver) => {
    const [topic, groupId] = [await newTopic(1), randomName('nova.late')];
    const options = { ...defaults, brokers, clientId: 'late', logger: silentLogger, driver };
    const joined = Promise.withResolvers<unknown>();
    const session = (await loadDriver(driver)).openMember(
      options,
      { groupId, topics: [topic], owned: () => new Map() },
      {
        joined: joined.resolve,
        rebalancing: () => {},
        fetched: () => false,
        skipped: () => {},
        outOfRange: () => {},
        topicReplaced: () => {},
      },
    );
    await session.begin(5000);
    await joined.promise;
    const partition = { topic, partition: 0 };
    const admin = new Admin({ clientId: 'spec', bootstrapBrokers: [...brokers] });
    const committed = async () => {
      const found = await admin.listConsumerGroupOffsets({ groups: [groupId] });
      return found[0]?.topics[0]?.partitions[0]?.committedOffset;
    };
    try {
      await until('the commit', async () => {
        await session.commit([[partition, 10n]]);
        return (await committed()) === 10n;
      });
      await admin.removeMembersFromConsumerGroup({ groupId });
      await expect(session.commit([[partition, 2n]])).rejects.toThrow();
      expect(await committed()).toBe(10n);
    } finally {
      await Promise.all([session.close(1000), admin.close()]);
    }
  });

  it('reads what others compress, or says that it cannot', async () => {
    const topic = await newTopic(1);
    const producer = plainProducer(brokers);
    await producer.send({ messages: [messageTo(topic, 1, 0)], compression: 'snappy' });
    await producer.close(true);
    expect(await read(topic)).toEqual([1]);
    const source = await kafka.source().open({
      groupId: randomName('nova.snappy'),
      topics: [topic],
      startAt: () => Promise.resolve(new Map()),
      deliver: () => Promise.resolve(),
      revoked: () => {},
    });
    await until('the trouble', () => /snappy/i.test(source.trouble() ?? ''));
    await source.stop();
  });
});
