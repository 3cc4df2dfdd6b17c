import { type DriverRig, until } from './each-driver.rig.spec.ts';
import { plainKafkajs } from './plain-clients.rig.spec.ts';

/** Beyond the time after which the controller takes a broker for dead. */
export const SESSION_MS = 3500;

async function partitionOf(brokers: readonly string[], topic: string, partition: number) {
  const admin = plainKafkajs(brokers).admin();
  await admin.connect();
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
  await admin.disconnect();
  return topics[0]?.partitions.find((one) => one.partitionId === partition);
}

/** Gives a partition to other brokers; clients that know the old leader are not told. */
export async function move(
  brokers: readonly string[],
  topic: string,
  partition: number,
  replicas: number[],
): Promise<void> {
  const admin = plainKafkajs(brokers).admin();
  await admin.connect();
  await admin.alterPartitionReassignments({
    topics: [{ topic, partitionAssignment: [{ partition, replicas }] }],
  });
  await admin.disconnect();
  await until('the new leader', async () => {
    const found = await partitionOf(brokers, topic, partition);
    return found?.leader === replicas[0] && found?.isr.length === replicas.length;
  });
}

/** Has another broker lead, with all copies in step. */
export async function moveLeader(
  brokers: readonly string[],
  topic: string,
  partition: number,
): Promise<void> {
  const { leader = 1 } = (await partitionOf(brokers, topic, partition)) ?? {};
  const [first = 2, second = 3] = [1, 2, 3].filter((id) => id !== leader);
  await move(brokers, topic, partition, [first, second]);
  await move(brokers, topic, partition, [first, second, leader]);
}

/** Sends numbers to one partition until told to stop, each batch until it is taken. */
export function keepSending({ publish }: DriverRig, topic: string, partition: number) {
  let [sent, isStopping] = [0, false];
  const done = (async () => {
    while (!isStopping) {
      await until(
        'the acknowledgement',
        () =>
          publish(topic, partition, sent, 10).then(
            () => true,
            () => false,
          ),
        30_000,
      );
      sent += 10;
    }
  })();
  done.catch(() => {});
  return {
    sent: () => sent,
    stop() {
      isStopping = true;
      return done;
    },
  };
}
