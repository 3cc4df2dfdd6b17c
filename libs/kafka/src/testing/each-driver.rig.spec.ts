import { it } from '@jest/globals';
import { silentLogger } from '@nova/telemetry';
import { randomName, readyTopics, waitFor } from '@nova/testkit';
import { type Kafka, openKafka } from '../open-kafka.ts';
import { DRIVERS, type DriverName, type KafkaOptions } from '../options.ts';
import type { KafkaPublisher } from '../publisher.ts';
import {
  type DeliveredBatch,
  type DeliveryOptions,
  type OpenKafkaSource,
  partitionKey,
  type TopicPartition,
} from '../seam.ts';

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
  /** Keys in a partition, as numbers and in order, read to its present end. */
  numbersIn(topic: string, partition: number): Promise<number[]>;
  /**
   * Waits until the scenario is here with every driver, and then does this once: what happens to
   * the broker happens to all.
   */
  meet(action: () => unknown): Promise<void>;
  /** Stops every member opened so far. */
  stopMembers(): Promise<void>;
  close(): Promise<void>;
}

type RigOptions = Omit<KafkaOptions, 'clientId' | 'logger' | 'driver'>;

/** The rig of each driver. With a broker that starts later, give the options by `begin`. */
export function rigs(given?: RigOptions) {
  const meeting = new Meeting(DRIVERS.length);
  const all: DriverRig[] = [];
  const begin = (options: RigOptions) => {
    all.push(...DRIVERS.map((driver) => rigOf({ ...options, driver }, meeting)));
  };
  if (given !== undefined) begin(given);
  return {
    begin,
    /** A test of a scenario with every driver at the same time: half as long as one by one. */
    each(name: string, scenario: (rig: DriverRig) => Promise<void>, timeoutMs?: number): void {
      it(`${name}, with each driver`, () => runAll(all, meeting, scenario), timeoutMs);
    },
    /** Of one driver, for what is not the same with each. */
    rigOf(driver: DriverName): DriverRig {
      const found = all.find((rig) => rig.driver === driver);
      if (found === undefined) throw new Error(`there is no rig of ${driver}`);
      return found;
    },
    stopMembers: () => Promise.all(all.map((rig) => rig.stopMembers())),
    close: () => Promise.all(all.map((rig) => rig.close())),
  };
}

/** What fails says with which driver. */
async function runAll(
  all: readonly DriverRig[],
  meeting: Meeting,
  scenario: (rig: DriverRig) => Promise<void>,
): Promise<void> {
  meeting.begin();
  const ends = await Promise.allSettled(
    all.map((rig) =>
      scenario(rig).catch((thrown: unknown) => {
        meeting.fail();
        throw thrown;
      }),
    ),
  );
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

/** Where the scenarios of all drivers wait for each other. */
class Meeting {
  readonly #size: number;
  #here = 0;
  #done = Promise.withResolvers<void>();

  constructor(size: number) {
    this.#size = size;
  }

  begin(): void {
    this.#here = 0;
    this.#done = Promise.withResolvers<void>();
  }

  async come(action: () => unknown): Promise<void> {
    const { promise, resolve } = this.#done;
    this.#here += 1;
    if (this.#here < this.#size) return promise;
    await action();
    this.begin();
    resolve();
  }

  /** Nobody waits for one that failed. */
  fail(): void {
    this.#done.promise.catch(() => {});
    this.#done.reject(new Error('the scenario failed with another driver'));
  }
}

function rigOf(
  options: Omit<KafkaOptions, 'clientId' | 'logger'> & { driver: DriverName },
  meeting: Meeting,
) {
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
      await readyTopics(kafka.admin(), [{ topic, partitions, config }]);
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
    numbersIn: (topic, partition) => readNumbers(kafka, topic, partition),
    meet: (action) => meeting.come(action),
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

/** Keys in a partition, read by a client of its own. */
export async function numbersIn(
  options: RigOptions & { driver: DriverName },
  topic: string,
  partition = 0,
): Promise<number[]> {
  const kafka = openKafka({ ...options, clientId: 'spec-reader', logger: silentLogger });
  try {
    return await readNumbers(kafka, topic, partition);
  } finally {
    await kafka.admin().close();
  }
}

async function readNumbers(kafka: Kafka, topic: string, partition: number): Promise<number[]> {
  const member = await openMember(kafka, [topic]);
  const key = partitionKey({ topic, partition });
  try {
    await until('the assignment', () => member.source.delivered().has(key));
    const end = (await member.source.endOffsets()).get(key) ?? 0n;
    await until('the end', () => (member.source.delivered().get(key) ?? 0n) >= end);
    return member.batches
      .filter((batch) => batch.partition === partition)
      .flatMap(({ records }) => records.map((record) => Number(record.key)));
  } finally {
    await member.source.stop();
  }
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
