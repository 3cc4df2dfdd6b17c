import { afterAll, afterEach, describe, expect, it, jest } from '@jest/globals';
import { randomName, stopwatch, testKafka } from '@nova/testkit';
import { systemClock } from '@nova/time';
import { Kafka as Driver } from 'kafkajs';
import {
  type IncomingRecord,
  type OpenKafkaSource,
  partitionKey,
  type StartOffset,
} from './seam.ts';
import { rigs, until, upTo } from './testing/each-driver.rig.spec.ts';

const { brokers } = await testKafka();
const { each, rigOf, stopMembers, close } = rigs({ brokers });

afterEach(async () => {
  await stopMembers();
});
afterAll(async () => {
  await close();
});

const sorted = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b);

async function withDriverAdmin<T>(
  work: (admin: ReturnType<Driver['admin']>) => Promise<T>,
): Promise<T> {
  const admin = new Driver({ brokers: [...brokers], clientId: 'spec', logLevel: 0 }).admin();
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}

describe('a member of a group', () => {
  each(
    'gets the records of all its partitions, in order, with key, headers and offset',
    async ({ newTopic, publish, openMember }) => {
      const topic = await newTopic(2);
      await publish(topic, 0, 0, 50);
      await publish(topic, 1, 100, 50);
      const { source, batches, keys } = await openMember([topic]);
      await until('all records', () => keys().length === 100);
      const ofFirst = batches.filter(({ partition }) => partition === 0);
      expect(ofFirst.flatMap(({ records }) => records.map(({ key }) => Number(key)))).toEqual(
        upTo(50),
      );
      expect(ofFirst[0]?.records[0]).toMatchObject({ offset: 0n, headers: { ce_id: 'id 0' } });
      expect(ofFirst[0]).toMatchObject({ highWatermark: 50n, generation: 1 });
      expect(source.partitionCounts()).toEqual(new Map([[topic, 2]]));
      expect(source.trouble()).toBeUndefined();
      expect(await source.endOffsets()).toEqual(
        new Map([
          [`${topic}:0`, 50n],
          [`${topic}:1`, 50n],
        ]),
      );
      await until('no lag', () => [...source.health().lag.values()].every((lag) => lag === 0n));
      expect(source.health()).toMatchObject({ trouble: undefined, assigned: source.assigned() });
      expect(source.health().lastProgressMs).toBeLessThanOrEqual(performance.now());
    },
    30_000,
  );

  each(
    'shares with another one the same partition numbers of all topics, and takes over from it',
    async ({ newTopic, publish, openMember }) => {
      const topics = [await newTopic(4), await newTopic(4)];
      const groupId = randomName('nova.spec');
      const [first = '', second = ''] = topics;
      const a = await openMember(topics, { groupId });
      await until('all partitions', () => a.source.assigned().length === 8);
      const b = await openMember(topics, { groupId });
      await until('half of them', () => b.source.assigned().length === 4);
      await until('the other half', () => a.source.assigned().length === 4);
      expect(a.numbers(first)).toEqual(a.numbers(second));
      expect(b.numbers(first)).toEqual(b.numbers(second));
      expect(sorted([...a.numbers(first), ...b.numbers(first)])).toEqual(upTo(4));
      for (const partition of upTo(4)) await publish(first, partition, partition * 10, 10);
      await until('all records', () => a.keys().length + b.keys().length >= 40);
      expect(sorted([...a.keys(), ...b.keys()])).toEqual(upTo(40));
      const watch = stopwatch();
      await b.source.stop();
      await until('the takeover', () => a.source.assigned().length === 8);
      // Far below the session timeout: it said good-bye.
      expect(watch.ms()).toBeLessThan(4500);
      expect(b.source.trouble()).toBe('this consumer was stopped');
    },
    60_000,
  );

  each(
    'delivers nothing before it is told where to begin, and begins there',
    async ({ newTopic, publish, openMember }) => {
      const topic = await newTopic(1);
      await publish(topic, 0, 0, 20);
      const answer = Promise.withResolvers<ReadonlyMap<string, StartOffset>>();
      const { batches, asked, keys } = await openMember([topic], {
        startAt: () => answer.promise,
      });
      const other = await openMember([topic]);
      await until('the question', () => asked.length === 1);
      expect(asked).toEqual([[{ topic, partition: 0 }]]);
      await until('another group to have all', () => other.keys().length === 20);
      expect(batches).toEqual([]);
      answer.resolve(new Map([[`${topic}:0`, 15n]]));
      await until('the rest', () => keys().length === 5);
      expect(keys()).toEqual([15, 16, 17, 18, 19]);
    },
    30_000,
  );

  each(
    'asks again when the answer fails, and begins at the beginning where the offset is gone',
    async ({ newTopic, publish, openMember }) => {
      const topic = await newTopic(1);
      await publish(topic, 0, 0, 3);
      let failures = 2;
      const { keys, asked } = await openMember([topic], {
        startAt: () => {
          failures -= 1;
          if (failures >= 0) return Promise.reject(new Error('no database'));
          return Promise.resolve(new Map([[`${topic}:0`, 1000n]]));
        },
      });
      await until('all records', () => keys().length === 3);
      expect(asked).toHaveLength(3);
    },
    30_000,
  );

  each(
    'stays in the group and reads on while a delivery of one partition takes longer than the session',
    async ({ newTopic, publish, openMember }) => {
      const topic = await newTopic(2);
      const stuck = Promise.withResolvers<void>();
      const { source, batches, revocations } = await openMember([topic], {
        deliver: ({ partition }) => (partition === 0 ? stuck.promise : Promise.resolve()),
      });
      await publish(topic, 0, 0, 5);
      await until('the first delivery', () => batches.length > 0);
      const from = performance.now();
      await until('the session timeout', () => performance.now() - from > 7500);
      await publish(topic, 1, 100, 5);
      const second = await until('the other partition', () =>
        batches.find(({ partition }) => partition === 1),
      );
      expect(second.generation).toBe(1);
      expect({ revocations, trouble: source.trouble() }).toEqual({
        revocations: [],
        trouble: undefined,
      });
      await publish(topic, 0, 5, 5);
      expect(batches.filter(({ partition }) => partition === 0)).toHaveLength(1);
      stuck.resolve();
      await until('what came meanwhile', () => batches.at(-1)?.records.at(-1)?.key === '9');
    },
    60_000,
  );

  each(
    'delivers nothing stale when the group rebalances with a batch in work',
    async ({ newTopic, publish, openMember }) => {
      const topic = await newTopic(2);
      const groupId = randomName('nova.spec');
      await publish(topic, 0, 0, 10);
      await publish(topic, 1, 100, 10);
      const inWork = new Map<number, () => void>();
      const a = await openMember([topic], {
        groupId,
        deliver: ({ partition, generation }) =>
          generation > 1
            ? Promise.resolve()
            : new Promise((resolve) => void inWork.set(partition, resolve)),
      });
      await until('both deliveries', () => inWork.size === 2);
      await publish(topic, 0, 10, 10);
      await publish(topic, 1, 110, 10);
      const b = await openMember([topic], { groupId });
      await until('the sharing', () => b.keys().length === 20);
      await until('its own half again', () => a.batches.some(({ generation }) => generation > 1));
      const [own = -1] = a.numbers(topic);
      for (const settle of inWork.values()) settle();
      await publish(topic, own, 200, 1);
      await until('what is new', () => a.keys().includes(200));
      expect(a.revocations[0]).toHaveLength(2);
      expect(a.batches.filter(({ generation }) => generation === 1)).toHaveLength(2);
      const late = a.batches.filter(({ generation }) => generation > 1);
      expect(new Set(late.map(({ partition }) => partition))).toEqual(new Set([own]));
      const keysOf = late.flatMap(({ records }) => records.map(({ key }) => Number(key)));
      expect(keysOf).toEqual([...upTo(20).map((number) => number + own * 100), 200]);
    },
    60_000,
  );

  each(
    'goes elsewhere when told to, also from within a delivery, and stops while paused',
    async ({ newTopic, publish, openMember }) => {
      const topic = await newTopic(1);
      const partition = { topic, partition: 0 };
      await publish(topic, 0, 0, 10);
      let isRewound = false;
      const member: { source?: OpenKafkaSource } = {};
      const { source, keys } = await openMember([topic], {
        startAt: () => Promise.resolve(new Map([[partitionKey(partition), 8n]])),
        deliver: async () => {
          if (isRewound) return;
          isRewound = true;
          await member.source?.seek(partition, 'beginning');
        },
      });
      member.source = source;
      await until('all records', () => keys().length === 12);
      expect(keys()).toEqual([8, 9, ...upTo(10)]);
      source.pause([partition]);
      await publish(topic, 0, 10, 5);
      const witness = await openMember([topic]);
      await until('another group to have all', () => witness.keys().length === 15);
      expect(keys()).toHaveLength(12);
      await source.seek(partition, 13n);
      source.resume([partition]);
      await until('the rest', () => keys().length === 14);
      expect(keys().slice(12)).toEqual([13, 14]);
    },
    60_000,
  );

  each(
    'is assigned a partition anew when the offset that comes next is deleted',
    async ({ newTopic, publish, openMember }) => {
      const topic = await newTopic(1);
      const partition = { topic, partition: 0 };
      await publish(topic, 0, 0, 5);
      const { source, keys, asked, revocations, batches } = await openMember([topic]);
      await until('the first records', () => keys().length === 5);
      source.pause([partition]);
      await publish(topic, 0, 5, 20);
      await withDriverAdmin(async (admin) => {
        // kafkajs deletes only of topics that it was asked about before.
        await admin.fetchTopicOffsets(topic);
        await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '15' }] });
      });
      source.resume([partition]);
      await until('what is left', () => keys().length === 15);
      expect(keys().slice(5)).toEqual(upTo(10).map((number) => number + 15));
      expect({ asked: asked.length, revocations }).toEqual({
        asked: 2,
        revocations: [[partition]],
      });
      expect(batches.at(-1)?.generation).toBe(2);
    },
    60_000,
  );

  each(
    'stops in time with a batch in work that never ends, and tells its offsets before',
    async ({ newTopic, publish, openMember }) => {
      const topic = await newTopic(1);
      const groupId = randomName('nova.spec');
      await publish(topic, 0, 0, 5);
      const { source, batches } = await openMember([topic], {
        groupId,
        deliver: () => new Promise(() => {}),
      });
      await until('the delivery', () => batches.length === 1);
      source.commit(
        new Map([
          [`${topic}:0`, 4n],
          ['somebody_elses:3', 77n],
        ]),
      );
      const watch = stopwatch();
      await source.stop();
      expect(watch.ms()).toBeLessThan(4000);
      const committed = await withDriverAdmin((admin) =>
        admin.fetchOffsets({ groupId, topics: [topic] }),
      );
      expect(committed[0]?.partitions[0]?.offset).toBe('4');
      await source.stop();
    },
    30_000,
  );

  each(
    'begins anew when its topic was deleted and made again while it reads',
    async ({ newTopic, publish, openMember, kafka }) => {
      const topic = await newTopic(1);
      await publish(topic, 0, 0, 5);
      const { keys, asked, batches } = await openMember([topic]);
      await until('the first records', () => keys().length === 5);
      await withDriverAdmin((admin) => admin.deleteTopics({ topics: [topic] }));
      await until('the new topic', async () => {
        if ((await kafka.admin().topics()).has(topic)) return false;
        await kafka.admin().ensureTopics([{ topic, partitions: 1 }]);
        return true;
      });
      // More records than the old topic had: the old offset exists, but of another record.
      await until('the new records', () => publish(topic, 0, 100, 10).then(() => true));
      await until('the new records', () => keys().includes(109), 30_000);
      const anew = keys().slice(keys().indexOf(100));
      expect([...new Set(anew)]).toEqual(upTo(10).map((number) => number + 100));
      expect(asked.length).toBeGreaterThan(1);
      expect(batches.at(-1)?.generation).toBeGreaterThan(1);
    },
    90_000,
  );

  each(
    'waits for topics that do not exist yet, without making them',
    async ({ kafka, publish, openMember }) => {
      const topic = randomName('nova_events_s');
      const { source, keys } = await openMember([topic]);
      await until('the complaint', () => source.trouble()?.includes(topic) === true);
      expect((await kafka.admin().topics()).has(topic)).toBe(false);
      await kafka.admin().ensureTopics([{ topic, partitions: 1 }]);
      await publish(topic, 0, 0, 1);
      await until('its records', () => keys().length === 1);
      expect(source.trouble()).toBeUndefined();
    },
    30_000,
  );
});

describe('a group', () => {
  it('may have members of both drivers, which share by the same rule', async () => {
    const [rig, other] = [rigOf('kafkajs'), rigOf('platformatic')];
    const topics = [await rig.newTopic(4), await rig.newTopic(4)];
    const [first = '', second = ''] = topics;
    const groupId = randomName('nova.spec');
    const a = await rig.openMember(topics, { groupId });
    await until('all partitions', () => a.source.assigned().length === 8);
    const had = a.numbers(first);
    const b = await other.openMember(topics, { groupId });
    for (const member of [a, b]) {
      await until('a half', () => member.source.assigned().length === 4);
      expect(member.numbers(first)).toEqual(member.numbers(second));
    }
    // What it keeps it had before: each reads what the other one tells of its partitions.
    expect(had).toEqual(expect.arrayContaining(a.numbers(first)));
    for (const partition of upTo(4)) await rig.publish(first, partition, partition * 10, 10);
    await until('all records', () => a.keys().length + b.keys().length >= 40);
    expect(sorted([...a.keys(), ...b.keys()])).toEqual(upTo(40));
    await a.source.stop();
    await until('the takeover', () => b.source.assigned().length === 8);
  }, 60_000);
});

describe('the search for a record', () => {
  each(
    'reads one partition from a point in time to its present end',
    async ({ kafka, newTopic, publish, meet }) => {
      const topic = await newTopic(4);
      await publish(topic, 2, 0, 50);
      await publish(topic, 1, 0, 50);
      const fromMs = systemClock.now().getTime();
      const seen: (string | undefined)[] = [];
      const judge =
        (wanted: string, past = 'none') =>
        ({ key }: IncomingRecord) => {
          seen.push(key);
          if (key === wanted) return 'found';
          return key === past ? 'past' : 'other';
        };
      const search = { topic, partition: 2, fromMs: fromMs - 60_000, deadlineMs: 8000 };
      // All partitions are asked for their ends; those of a new topic may not be led yet.
      const asked = () => kafka.search({ ...search, judge: judge('none') }).then(() => true);
      await until('a leader of each partition', asked);
      seen.length = 0;
      expect(await kafka.search({ ...search, judge: judge('7') })).toMatchObject({ offset: 7n });
      expect(seen).toEqual(['0', '1', '2', '3', '4', '5', '6', '7']);
      expect(await kafka.search({ ...search, judge: judge('none', '3') })).toBeUndefined();
      expect(await kafka.search({ ...search, judge: judge('none') })).toBeUndefined();
      const later = { ...search, fromMs: fromMs + 60_000, judge: judge('7') };
      expect(await kafka.search(later)).toBeUndefined();
      await expect(kafka.search({ ...search, partition: 9, judge: judge('7') })).rejects.toThrow(
        topic,
      );
      // A broker refuses this time, so the record has none.
      const ahead = new Date(fromMs + 2 * 3_600_000);
      await meet(() => jest.spyOn(systemClock, 'now').mockReturnValue(ahead));
      await publish(topic, 2, 50, 1);
      await meet(() => jest.restoreAllMocks());
      const timeless = { offset: 50n, timestamp: undefined };
      expect(await kafka.search({ ...later, judge: judge('50') })).toMatchObject(timeless);
      await publish(topic, 2, 51, 1);
      expect(await kafka.search({ ...search, fromMs, judge: judge('50') })).toMatchObject(timeless);
    },
    60_000,
  );
});
