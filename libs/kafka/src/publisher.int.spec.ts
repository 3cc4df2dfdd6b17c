import { afterAll, describe, expect } from '@jest/globals';
import { partConformance } from '@nova/lifecycle/testing';
import { silentLogger } from '@nova/telemetry';
import { testKafka } from '@nova/testkit';
import { Kafka as Kafkajs } from 'kafkajs';
import { errors } from './errors.ts';
import { loadDriver } from './load-driver.ts';
import { openKafka } from './open-kafka.ts';
import { COMPRESSIONS, DRIVERS, defaults } from './options.ts';
import { firstPiece, type KafkaRecord } from './record.ts';
import { type DriverRig, numbersIn, rigs, until, upTo } from './testing/each-driver.rig.spec.ts';

const { brokers } = await testKafka();
const { each, close } = rigs({ brokers });

afterAll(async () => {
  await close();
});

async function deleteTopic(topic: string): Promise<void> {
  const admin = new Kafkajs({ brokers: [...brokers], clientId: 'spec', logLevel: 0 }).admin();
  await admin.connect();
  await admin.deleteTopics({ topics: [topic] });
  await admin.disconnect();
}

const record = (number: number, bytes = 100): KafkaRecord => ({
  key: String(number),
  value: Buffer.alloc(bytes, 97),
  headers: { number: String(number) },
});

const end = async ({ kafka }: DriverRig, topic: string) =>
  (await kafka.admin().describe([topic])).get(topic)?.records;

describe('the publisher', () => {
  each('sends whole batches in order, however many wait for one partition', async (rig) => {
    const topic = await rig.newTopic(2);
    await Promise.all(
      upTo(60).map((batch) =>
        rig.publisher.publish({
          topic,
          partition: batch % 2,
          records: upTo(20).map((index) => record(batch * 20 + index)),
        }),
      ),
    );
    for (const partition of [0, 1]) {
      const batches = upTo(60).filter((batch) => batch % 2 === partition);
      expect(await rig.numbersIn(topic, partition)).toEqual(
        batches.flatMap((batch) => upTo(20).map((index) => batch * 20 + index)),
      );
    }
  });

  each('loses no later record after a refused one, in its partition or in another', async (rig) => {
    // kafkajs alone acknowledges three of the next records and loses them.
    const topic = await rig.newTopic(2, { 'max.message.bytes': '2000' });
    const send = (partition: number, ...records: KafkaRecord[]) =>
      rig.publisher.publish({ topic, partition, records });
    for (const from of [0, 10, 20]) {
      await send(0, record(from), record(from + 1));
      const [taken, refused] = await Promise.allSettled([
        send(1, record(from)),
        send(0, record(99, 5000)),
      ]);
      expect(refused).toMatchObject({ reason: { kind: errors.KAFKA_RECORD_REFUSED } });
      // It may be there or not; it is sent again, as its caller would.
      if (taken.status === 'rejected') await send(1, record(from));
      await send(0, record(from + 2));
    }
    expect(await rig.numbersIn(topic, 0)).toEqual([0, 1, 2, 10, 11, 12, 20, 21, 22]);
    expect([...new Set(await rig.numbersIn(topic, 1))]).toEqual([0, 10, 20]);
  });

  each('refuses a partition that does not exist, and sends nothing', async (rig) => {
    const topic = await rig.newTopic(2);
    for (const partition of [2, 7, -1, 0.5]) {
      const sent = rig.publisher.publish({ topic, partition, records: [record(1)] });
      await expect(sent).rejects.toMatchObject({ kind: errors.KAFKA_PARTITION_UNKNOWN });
    }
    expect(await end(rig, topic)).toBe(0n);
  });

  each('puts nothing elsewhere when the topic was made anew with fewer partitions', async (rig) => {
    const topic = await rig.newTopic(4);
    await rig.publish(topic, 3, 0, 5);
    // By another process: this one still counts four.
    const other = openKafka({ brokers, clientId: 'other', logger: silentLogger }).admin();
    await deleteTopic(topic);
    await until('the new one', async () => {
      if ((await other.topics()).has(topic)) return false;
      await other.ensureTopics([{ topic, partitions: 2 }]);
      return true;
    });
    await until('the refusal', () =>
      rig.publish(topic, 3, 5, 1).then(
        () => false,
        (thrown: unknown) => String(thrown).includes('there is no partition 3'),
      ),
    );
    const described = await until('its leaders', () => other.describe([topic]));
    expect(described.get(topic)?.records).toBe(0n);
    await rig.publish(topic, 1, 6, 1);
    expect(await rig.numbersIn(topic, 1)).toEqual([6]);
    await other.close();
  });

  each(
    'is told offsets that rise, of the partition that was meant',
    async ({ driver, newTopic }) => {
      const topic = await newTopic(3);
      const options = { ...defaults, brokers, clientId: 'spec', logger: silentLogger, driver };
      const session = await (await loadDriver(driver)).openProducer(options);
      const answer = { topicName: topic, partition: 2, errorCode: 0 };
      const piece = firstPiece([record(1), record(2), record(3)], Number.POSITIVE_INFINITY);
      const batch = { topic, partition: 2, ...piece };
      expect(await session.send(batch, 5000)).toMatchObject([{ ...answer, baseOffset: '0' }]);
      expect(await session.send(batch, 5000)).toMatchObject([{ ...answer, baseOffset: '3' }]);
      await session.close(2000);
    },
  );

  each('compresses what it is told to, so that every driver can read it', async (rig) => {
    const records = [record(7, 50_000)];
    for (const compression of COMPRESSIONS) {
      // 50 kB, which the broker takes only when it is compressed.
      const topic = await rig.newTopic(1, { 'max.message.bytes': '10000' });
      const { driver } = rig;
      const kafka = openKafka({
        brokers,
        clientId: 'c',
        logger: silentLogger,
        driver,
        compression,
      });
      const publisher = kafka.publisher();
      const sent = publisher.publish({ topic, partition: 0, records });
      if (compression === 'none') {
        await expect(sent).rejects.toMatchObject({ kind: errors.KAFKA_RECORD_REFUSED });
      } else {
        await sent;
        for (const reader of DRIVERS) {
          expect(await numbersIn({ brokers, driver: reader }, topic)).toEqual([7]);
        }
      }
      await Promise.all([publisher.stop(), kafka.admin().close()]);
    }
  });

  each('takes no records once it is stopped', async ({ driver, newTopic }) => {
    const topic = await newTopic(1);
    const kafka = openKafka({ brokers, clientId: 'stopped', logger: silentLogger, driver });
    const publisher = kafka.publisher();
    await publisher.publish({ topic, partition: 0, records: [record(0)] });
    await publisher.stop();
    const sent = publisher.publish({ topic, partition: 0, records: [record(1)] });
    await expect(sent).rejects.toMatchObject({ kind: errors.KAFKA_UNAVAILABLE });
    await kafka.admin().close();
  });
});

for (const driver of DRIVERS) {
  partConformance(`the publisher over ${driver}`, async () => {
    const kafka = openKafka({ brokers, clientId: 'part', logger: silentLogger, driver });
    const topic = `nova_events_part_${driver}`;
    await kafka.admin().ensureTopics([{ topic, partitions: 1 }]);
    await kafka.admin().close();
    const part = kafka.publisher();
    return {
      part,
      isWorking: () =>
        part.publish({ topic, partition: 0, records: [record(0)] }).then(
          () => true,
          () => false,
        ),
    };
  });
}
