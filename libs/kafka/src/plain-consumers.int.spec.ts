import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import { randomName, testKafka } from '@nova/testkit';
import type { Consumer } from 'kafkajs';
import { rigs, until, upTo } from './testing/each-driver.rig.spec.ts';
import { plainKafkajs, removeMembers } from './testing/plain-clients.rig.spec.ts';

const { brokers } = await testKafka();
const { each, rigOf, stopMembers, close } = rigs({ brokers });
const consumers: Consumer[] = [];

afterEach(async () => {
  await Promise.all(consumers.splice(0).map((consumer) => consumer.disconnect()));
  await stopMembers();
});
afterAll(async () => {
  await close();
});

interface PlainConsumer {
  readonly crashes: readonly { readonly restart: boolean; readonly error: Error }[];
  /** How often its handler was called. */
  calls(): number;
}

/** A consumer of kafkajs as its documentation shows it. */
async function plainConsumer(
  topic: string,
  handle: (groupId: string, consumer: Consumer) => Promise<void>,
): Promise<PlainConsumer> {
  const groupId = randomName('nova.plain');
  const consumer = plainKafkajs(brokers).consumer({ groupId });
  consumers.push(consumer);
  const crashes: { restart: boolean; error: Error }[] = [];
  let calls = 0;
  consumer.on(consumer.events.CRASH, ({ payload }) => void crashes.push(payload));
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachBatch: () => {
      calls += 1;
      return handle(groupId, consumer);
    },
  });
  return { crashes, calls: () => calls };
}

/** Ended without a restart: it gets nothing of what another member gets. */
async function expectEnded(topic: string, { crashes, calls }: PlainConsumer): Promise<void> {
  const { publish, openMember } = rigOf('kafkajs');
  await until('the end', () => crashes.length > 0);
  expect(crashes).toMatchObject([{ restart: false }]);
  await publish(topic, 0, 1, 5);
  const { keys } = await openMember([topic]);
  await until('all of them at another', () => keys().length === 6);
  expect(calls()).toBe(1);
}

describe('a handler that throws a SyntaxError, as JSON.parse does', () => {
  it('ends a consumer of kafkajs for good, while the process lives on', async () => {
    const { newTopic, publish } = rigOf('kafkajs');
    const topic = await newTopic(1);
    await publish(topic, 0, 0, 1);
    await expectEnded(topic, await plainConsumer(topic, () => Promise.resolve(JSON.parse('{'))));
  });

  each(
    'is asked again through the seam, and gets all that comes',
    async ({ newTopic, publish, openMember }) => {
      const topic = await newTopic(1);
      await publish(topic, 0, 0, 1);
      let calls = 0;
      const taken: number[] = [];
      const { source } = await openMember([topic], {
        deliver: ({ records }) => {
          calls += 1;
          if (calls <= 2) throw new SyntaxError('Unexpected end of JSON input');
          taken.push(...records.map(({ key }) => Number(key)));
          return Promise.resolve();
        },
      });
      await until('the third try', () => taken.length === 1);
      await publish(topic, 0, 1, 5);
      await until('the others', () => taken.length === 6);
      expect(taken).toEqual(upTo(6));
      await until('an end of the trouble', () => source.trouble() === undefined);
    },
  );
});

describe('a commit after its member was replaced', () => {
  it('ends a consumer of kafkajs for good when its handler makes it', async () => {
    const { newTopic, publish } = rigOf('kafkajs');
    const topic = await newTopic(1);
    await publish(topic, 0, 0, 1);
    const plain = await plainConsumer(topic, async (groupId, consumer) => {
      await removeMembers(brokers, groupId);
      await consumer.commitOffsets([{ topic, partition: 0, offset: '1' }]);
    });
    await expectEnded(topic, plain);
    expect(String(plain.crashes[0]?.error)).toContain('not aware of this member');
  });
});
