import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { silentLogger } from '@nova/telemetry';
import { type PrivateKafkaCluster, privateKafkaCluster } from '@nova/testkit';
import { withDeadline } from '@nova/time';
import { errors } from './errors.ts';
import { openKafka } from './open-kafka.ts';
import { keepSending, move, moveLeader, SESSION_MS } from './testing/cluster.rig.spec.ts';
import { type DriverRig, numbersIn, rigs, until, upTo } from './testing/each-driver.rig.spec.ts';
import {
  asTold,
  message,
  messageTo,
  placedTopic,
  plainKafkajs,
  plainProducer,
} from './testing/plain-clients.rig.spec.ts';

let cluster: PrivateKafkaCluster;
const { begin, each, close } = rigs();
/** Whose sends may take as long as those of a service. */
const patient = rigs();

beforeAll(async () => {
  cluster = await privateKafkaCluster(3);
  const { brokers } = cluster;
  const options = { brokers, replicationFactor: 3, minInsyncReplicas: 2 };
  begin({ ...options, sendDeadlineMs: 3000 });
  patient.begin(options);
  const admin = openKafka({ brokers, clientId: 'spec', logger: silentLogger }).admin();
  await until('the cluster', () => admin.ping().then(() => true), 30_000);
  await admin.close();
}, 90_000);
afterAll(async () => {
  await Promise.all([close(), patient.close()]);
  await cluster.remove();
});

const node = (id: number) => {
  const found = cluster.nodes.get(id);
  if (found === undefined) throw new Error(`there is no broker ${id}`);
  return found;
};
const read = (topic: string, partition: number) =>
  numbersIn({ brokers: cluster.brokers, driver: 'platformatic' }, topic, partition);

describe('a leader that has moved without notice', () => {
  it('makes kafkajs lose what it acknowledges of several partitions in one send', async () => {
    const topic = await placedTopic(cluster.brokers, [1, 2]);
    const producer = plainKafkajs(cluster.brokers).producer({ createPartitioner: asTold });
    await producer.connect();
    const both = (number: number) => [message(number, 0), message(number, 1)];
    await producer.send({ topic, messages: both(0) });
    await move(cluster.brokers, topic, 1, [1]);
    await producer.send({ topic, messages: both(1) });
    expect([await read(topic, 0), await read(topic, 1)]).toEqual([[0, 1], [0]]);
    await producer.disconnect();
  }, 40_000);

  it('makes kafkajs reorder several sends of one partition', async () => {
    const topic = await placedTopic(cluster.brokers, [1]);
    const producer = plainKafkajs(cluster.brokers).producer({ createPartitioner: asTold });
    await producer.connect();
    await producer.send({ topic, messages: [message(0, 0)] });
    await move(cluster.brokers, topic, 0, [2]);
    const numbers = upTo(12).map((number) => number + 1);
    await Promise.all(
      numbers.map((number) => producer.send({ topic, messages: [message(number, 0)] })),
    );
    const found = await read(topic, 0);
    expect([...found].sort((a, b) => a - b)).toEqual([0, ...numbers]);
    expect(found).not.toEqual([0, ...numbers]);
    await producer.disconnect();
  }, 40_000);

  it('makes @platformatic/kafka wait for ever with several partitions in one send', async () => {
    const topic = await placedTopic(cluster.brokers, [1, 1]);
    const producer = plainProducer(cluster.brokers);
    const both = (number: number) => [messageTo(topic, number, 0), messageTo(topic, number, 1)];
    await producer.send({ messages: both(0) });
    await move(cluster.brokers, topic, 1, [2]);
    const sent = producer.send({ messages: both(1) });
    sent.catch(() => {});
    await expect(withDeadline(sent, 4000, 'the send')).rejects.toThrow('did not finish');
    await producer.close(true);
  }, 40_000);

  patient.each(
    'harms nothing through the seam',
    async (rig) => {
      const topic = await placedTopic(cluster.brokers, [1, 2]);
      for (const partition of [0, 1]) {
        await until('the topic', () => rig.publish(topic, partition, 0, 1).then(() => true));
      }
      await move(cluster.brokers, topic, 1, [1]);
      await move(cluster.brokers, topic, 0, [2]);
      const numbers = upTo(12).map((index) => index + 1);
      await Promise.all(
        numbers.flatMap((number) =>
          [0, 1].map((partition) => rig.publish(topic, partition, number, 1)),
        ),
      );
      for (const partition of [0, 1]) {
        const found = await rig.numbersIn(topic, partition);
        expect([...new Set(found)]).toEqual(upTo(13));
      }
    },
    60_000,
  );
});

// Last: a broker stays dead.
describe('a cluster whose leaders are moved, killed and paused', () => {
  each(
    'loses and reorders nothing, and goes on within seconds',
    async (rig) => {
      const topic = await rig.newTopic(3);
      const lone = await placedTopic(cluster.brokers, [1, 2]);
      const member = await rig.openMember([topic]);
      const senders = upTo(3).map((partition) => keepSending(rig, topic, partition));
      const flows = async (what: string) => {
        const before = senders.map((sender) => sender.sent());
        const isOn = () =>
          senders.every((sender, index) => sender.sent() > (before[index] ?? 0) + 50);
        await until(`records ${what}`, isOn);
      };
      await flows('at first');
      await moveLeader(cluster.brokers, topic, 0);
      await flows('after a move');
      await rig.meet(() => node(3).pause());
      const pausedAt = performance.now();
      await until('the end of its session', () => performance.now() - pausedAt > SESSION_MS);
      await flows('after a pause');
      await rig.meet(() => node(3).resume());
      await flows('after it goes on');
      await rig.meet(() => node(2).kill());
      await flows('after a kill');
      await onePartitionWithoutLeader(rig, lone);
      await Promise.all(senders.map((sender) => sender.stop()));
      const counts = senders.map((sender) => sender.sent());
      const total = counts.reduce((sum, count) => sum + count, 0);
      const keysOf = (partition: number) =>
        member.batches
          .filter((batch) => batch.partition === partition)
          .flatMap(({ records }) => records.map(({ key }) => Number(key)));
      await until('all records', () => {
        const seen = upTo(3).map((partition) => new Set(keysOf(partition)).size);
        return seen.reduce((sum, count) => sum + count, 0) >= total;
      });
      for (const partition of upTo(3)) {
        expect([...new Set(keysOf(partition))]).toEqual(upTo(counts[partition] ?? 0));
      }
      await rig.stopMembers();
    },
    150_000,
  );

  // Also for a process that starts meanwhile and knows nothing of the topic.
  async function onePartitionWithoutLeader({ driver }: DriverRig, topic: string): Promise<void> {
    const { brokers } = cluster;
    const kafka = openKafka({ brokers, clientId: 'new', logger: silentLogger, driver });
    const publisher = kafka.publisher();
    const records = [{ key: '1', value: Buffer.from('{}'), headers: {} }];
    await publisher.publish({ topic, partition: 0, records });
    await expect(publisher.publish({ topic, partition: 1, records })).rejects.toMatchObject({
      kind: errors.KAFKA_UNAVAILABLE,
    });
    await publisher.publish({ topic, partition: 0, records });
    await Promise.all([publisher.stop(), kafka.admin().close()]);
  }
});
