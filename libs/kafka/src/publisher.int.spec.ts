import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { partConformance } from '@nova/lifecycle/testing';
import { silentLogger } from '@nova/telemetry';
import { type PrivateKafka, privateKafka, randomName } from '@nova/testkit';
import { Kafka } from 'kafkajs';
import { errors } from './errors.ts';
import { openKafka } from './open-kafka.ts';
import type { KafkaPublisher } from './publisher.ts';
import type { KafkaRecord } from './record.ts';

let broker: PrivateKafka;
const opened: KafkaPublisher[] = [];

beforeAll(async () => {
  broker = await privateKafka();
}, 60_000);
afterEach(async () => {
  await Promise.all(opened.splice(0).map((publisher) => publisher.stop()));
});
afterAll(() => broker.remove());

async function openPublisher(sendDeadlineMs = 10_000): Promise<KafkaPublisher> {
  const kafka = openKafka({
    brokers: broker.brokers,
    clientId: 'spec',
    logger: silentLogger,
    sendDeadlineMs,
    connectDeadlineMs: 3000,
  });
  const publisher = kafka.publisher();
  await publisher.start();
  opened.push({ ...publisher, stop: () => publisher.stop().then(() => kafka.admin().close()) });
  return publisher;
}

async function newTopic(partitions: number, config: Record<string, string> = {}): Promise<string> {
  const kafka = openKafka({ brokers: broker.brokers, clientId: 'spec', logger: silentLogger });
  const topic = randomName('nova_events_p');
  await kafka.admin().ensureTopics([{ topic, partitions, config }]);
  await kafka.admin().close();
  return topic;
}

const record = (number: number, bytes = 100): KafkaRecord => ({
  key: 'key',
  value: Buffer.alloc(bytes, 97),
  headers: { number: String(number) },
});

/** The numbers of the records of partition 0, in order. */
async function numbersIn(topic: string): Promise<number[]> {
  const kafka = new Kafka({ brokers: [...broker.brokers], clientId: 'spec-reader', logLevel: 0 });
  const admin = kafka.admin();
  await admin.connect();
  const [ends] = await admin.fetchTopicOffsets(topic);
  await admin.disconnect();
  const wanted = Number(ends?.high ?? 0);
  const consumer = kafka.consumer({ groupId: randomName('spec') });
  const numbers: number[] = [];
  const done = Promise.withResolvers<void>();
  if (wanted === 0) return numbers;
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    eachMessage: ({ message }) => {
      numbers.push(Number(String(message.headers?.['number'])));
      if (Number(message.offset) === wanted - 1) done.resolve();
      return Promise.resolve();
    },
  });
  await done.promise;
  await consumer.disconnect();
  return numbers;
}

/** Sends batches one after the other as the relay does: again, from the same place, until taken. */
async function publishAll(publisher: KafkaPublisher, topic: string, batches: number, size: number) {
  let rejections = 0;
  for (let batch = 0; batch < batches; batch += 1) {
    const records = Array.from({ length: size }, (_, index) => record(batch * size + index));
    for (;;) {
      try {
        await publisher.publish({ topic, partition: 0, records });
        break;
      } catch {
        rejections += 1;
      }
    }
  }
  return rejections;
}

const firstOccurrences = (numbers: readonly number[]) => [...new Set(numbers)];

describe('the publisher', () => {
  it('loses and reorders nothing when the broker is killed in the middle and comes back', async () => {
    const topic = await newTopic(1);
    const publisher = await openPublisher();
    const sending = publishAll(publisher, topic, 300, 20);
    await publisher.publish({ topic: await newTopic(1), partition: 0, records: [record(0)] });
    await broker.kill();
    await broker.restart();
    await sending;
    const numbers = await numbersIn(topic);
    expect(firstOccurrences(numbers)).toEqual(Array.from({ length: 6000 }, (_, index) => index));
  }, 90_000);

  it('gives up a send to a paused broker at its deadline and sends again by a new producer', async () => {
    const topic = await newTopic(1);
    const publisher = await openPublisher(800);
    await publisher.publish({ topic, partition: 0, records: [record(0)] });
    broker.pause();
    const sentAt = performance.now();
    const records = [record(1), record(2)];
    await expect(publisher.publish({ topic, partition: 0, records })).rejects.toMatchObject({
      kind: errors.KAFKA_UNAVAILABLE,
    });
    expect(performance.now() - sentAt).toBeLessThan(5000);
    broker.resume();
    await publishAll(publisher, topic, 1, 5);
    expect(firstOccurrences(await numbersIn(topic)).sort()).toEqual([0, 1, 2, 3, 4]);
  }, 60_000);

  it('goes on after a refused record without losing a later one', async () => {
    // kafkajs alone acknowledges three of the next records and loses them.
    const topic = await newTopic(1, { 'max.message.bytes': '2000' });
    const publisher = await openPublisher();
    for (let round = 0; round < 3; round += 1) {
      const from = round * 10;
      await publisher.publish({ topic, partition: 0, records: [record(from), record(from + 1)] });
      await expect(
        publisher.publish({ topic, partition: 0, records: [record(99, 5000)] }),
      ).rejects.toMatchObject({ kind: errors.KAFKA_REFUSED });
      await publisher.publish({ topic, partition: 0, records: [record(from + 2)] });
    }
    expect(await numbersIn(topic)).toEqual([0, 1, 2, 10, 11, 12, 20, 21, 22]);
  }, 60_000);

  it('takes no records once it is stopped', async () => {
    const topic = await newTopic(1);
    const publisher = await openPublisher();
    await publisher.publish({ topic, partition: 0, records: [record(0)] });
    await publisher.stop();
    await expect(
      publisher.publish({ topic, partition: 0, records: [record(1)] }),
    ).rejects.toMatchObject({ kind: errors.KAFKA_UNAVAILABLE });
  }, 30_000);
});

partConformance('the publisher', async () => {
  const topic = await newTopic(1);
  const publisher = await openPublisher();
  await publisher.stop();
  return {
    part: publisher,
    isWorking: () =>
      publisher.publish({ topic, partition: 0, records: [record(0)] }).then(
        () => true,
        () => false,
      ),
  };
});
