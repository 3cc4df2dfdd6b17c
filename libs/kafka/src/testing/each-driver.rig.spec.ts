import { it } from '@jest/globals';
import { silentLogger } from '@nova/telemetry';
import { randomName, waitFor } from '@nova/testkit';
import { type Kafka, openKafka } from '../open-kafka.ts';
import { DRIVERS, type DriverName, type KafkaOptions } from '../options.ts';
import type { KafkaPublisher } from '../publisher.ts';
import type { DeliveredBatch, DeliveryOptions, OpenKafkaSource, TopicPartition } from '../seam.ts';

/** A member that notes what happens to it. */
export interface NotedMember {
  readonly source: OpenKafkaSource;
  readonly batches: readonly DeliveredBatch[];
  readonly revocations: readonly (readonly TopicPartition[])[];
  /** Partitions it was asked about, question by question. */
  readonly asked: readonly (readonly TopicPartition[])[];
  /** Keys delivered, as numbers. */
  keys(topic?: string): number[];
  /** Partition numbers of a topic that it has. */
  numbers(topic: string): number[];
}

/** One driver as specs use it. */
export interface DriverRig {
  readonly driver: DriverName;
  readonly kafka: Kafka;
  readonly publisher: KafkaPublisher;
  newTopic(partitions: number, config?: Record<string, string>): Promise<string>;
  /** Sends records whose keys are their numbers. */
  publish(topic: string, partition: number, from: number, count: number): Promise<void>;
  openMember(topics: readonly string[], fields?: Partial<DeliveryOptions>): Promise<NotedMember>;
  /** Stops every member opened so far. */
  stopMembers(): Promise<void>;
  close(): Promise<void>;
}

/** The rig of each driver. */
export function rigs(options: Omit<KafkaOptions, 'clientId' | 'logger' | 'driver'>) {
  const all = DRIVERS.map((driver) => rigOf({ ...options, driver }));
  return {
    /** A test of a scenario with every driver at the same time: half as long as one by one. */
    each(name: string, scenario: (rig: DriverRig) => Promise<void>, timeoutMs?: number): void {
      it(`${name}, with each driver`, () => runAll(all, scenario), timeoutMs);
    },
    stopMembers: () => Promise.all(all.map((rig) => rig.stopMembers())),
    close: () => Promise.all(all.map((rig) => rig.close())),
  };
}

/** What fails says with which driver. */
async function runAll(
  all: readonly DriverRig[],
  scenario: (rig: DriverRig) => Promise<void>,
): Promise<void> {
  const ends = await Promise.allSettled(all.map((rig) => scenario(rig)));
  const failed = ends.flatMap((end, index) => {
    if (end.status === 'fulfilled') return [];
    const reason = end.reason instanceof Error ? end.reason : new Error(String(end.reason));
    return [{ reason, message: `with ${DRIVERS[index]}: ${reason.message}` }];
  });
  if (failed.length === 0) return;
  const error = new Error(failed.map(({ message }) => message).join('\n\n'));
  const frames = failed.map(({ reason }) =>
    (reason.stack ?? '').split('\n').filter((line) => line.startsWith('    at ')),
  );
  error.stack = [error.message, ...frames.flat()].join('\n');
  throw error;
}

function rigOf(options: Omit<KafkaOptions, 'clientId' | 'logger'> & { driver: DriverName }) {
  const { driver } = options;
  const kafka = openKafka({ ...options, clientId: `spec-${driver}`, logger: silentLogger });
  const publisher = kafka.publisher();
  const opened: OpenKafkaSource[] = [];
  const rig: DriverRig = {
    driver,
    kafka,
    publisher,
    async newTopic(partitions, config = {}) {
      const topic = randomName('nova_events_s');
      await kafka.admin().ensureTopics([{ topic, partitions, config }]);
      return topic;
    },
    async publish(topic, partition, from, count) {
      const records = Array.from({ length: count }, (_, index) => ({
        key: String(from + index),
        value: Buffer.from('{}'),
        headers: { ce_id: `id ${from + index}` },
      }));
      await publisher.publish({ topic, partition, records });
    },
    async openMember(topics, fields) {
      const member = await openMember(kafka, topics, fields);
      opened.push(member.source);
      return member;
    },
    async stopMembers() {
      await Promise.all(opened.splice(0).map((source) => source.stop()));
    },
    async close() {
      await rig.stopMembers();
      await publisher.stop();
      await kafka.admin().close();
    },
  };
  return rig;
}

async function openMember(
  kafka: Kafka,
  topics: readonly string[],
  { groupId, ...fields }: Partial<DeliveryOptions> = {},
): Promise<NotedMember> {
  const batches: DeliveredBatch[] = [];
  const revocations: (readonly TopicPartition[])[] = [];
  const asked: (readonly TopicPartition[])[] = [];
  const source = await kafka.source().open({
    groupId: groupId ?? randomName('nova.spec'),
    topics,
    startAt: (assigned) => {
      asked.push(assigned);
      return fields.startAt?.(assigned) ?? Promise.resolve(new Map());
    },
    deliver: (batch) => {
      batches.push(batch);
      return fields.deliver?.(batch) ?? Promise.resolve();
    },
    revoked: (partitions) => void revocations.push(partitions),
  });
  return {
    source,
    batches,
    revocations,
    asked,
    keys: (topic) =>
      batches
        .filter((batch) => topic === undefined || batch.topic === topic)
        .flatMap(({ records }) => records.map(({ key }) => Number(key))),
    numbers: (topic) =>
      source
        .assigned()
        .filter((one) => one.topic === topic)
        .map(({ partition }) => partition)
        .sort((a, b) => a - b),
  };
}

/** 0 to count - 1. */
export const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);

export const until = <T>(what: string, condition: () => T | Promise<T>, withinMs = 20_000) =>
  waitFor(condition, { withinMs, what });
