import { isNovaError, NovaError } from '@nova/errors';
import { sleep, systemClock, withDeadline } from '@nova/time';
import type { AdminSession, TopicDefinition } from './driver.ts';
import { brokerErrorType, driverError } from './driver-error.ts';
import { errors } from './errors.ts';
import { loadDriver } from './load-driver.ts';
import { type CompleteOptions, MAX_MESSAGE_BYTES } from './options.ts';
import type { PartitionBounds } from './partition-bounds.ts';
import type { TopicPartition } from './seam.ts';
import { describeTopics, type TopicDescription } from './topic-description.ts';
import { type PartitionCounts, TopicDirectory } from './topic-directory.ts';

/** A topic that must exist. */
export interface TopicSpec {
  readonly topic: string;
  readonly partitions: number;
  /** Settings beside those nova gives to every topic, by Kafka's names. */
  readonly config?: Readonly<Record<string, string>>;
}

/** Looks at the cluster and creates topics. Each call has a deadline; a paused broker is an error. */
export interface KafkaAdmin {
  /**
   * Creates the topics that are missing and leaves the others as they are. Resolves with the
   * names of those created.
   *
   * @throws KAFKA_TOPIC_DIFFERS naming every existing topic with another number of partitions,
   *   before anything is created.
   */
  ensureTopics(specs: readonly TopicSpec[]): Promise<readonly string[]>;
  /** All topics with their number of partitions, asked anew. */
  topics(): Promise<PartitionCounts>;
  /** What the cluster has of those of the given topics that exist; all of them where none is given. */
  describe(topics?: readonly string[]): Promise<ReadonlyMap<string, TopicDescription>>;
  /** @throws KAFKA_UNAVAILABLE when no broker answers a request in time. */
  ping(deadlineMs?: number): Promise<void>;
  close(): Promise<void>;
}

const REQUEST_DEADLINE_MS = 5000;
const DESCRIBE_DEADLINE_MS = 20_000;
const CREATE_DEADLINE_MS = 60_000;
const PING_DEADLINE_MS = 2000;
const VISIBLE_DEADLINE_MS = 10_000;
const VISIBLE_POLL_MS = 50;
const DAY_MS = 24 * 60 * 60 * 1000;

/** A session of the driver, from the first request on. */
interface Connection {
  readonly ready: Promise<AdminSession>;
  cut(): void;
}

/** One connection, thrown away after anything that went wrong. */
export class SingleConnectionAdmin implements KafkaAdmin {
  readonly directory: TopicDirectory;
  readonly #options: CompleteOptions;
  #connection: Connection | undefined;

  constructor(options: CompleteOptions) {
    this.#options = options;
    this.directory = new TopicDirectory(() => this.#countPartitions());
  }

  topics(): Promise<PartitionCounts> {
    return this.directory.reload();
  }

  async describe(topics?: readonly string[]): Promise<ReadonlyMap<string, TopicDescription>> {
    const existing = await this.directory.reload();
    const names = topics?.filter((topic) => existing.has(topic)) ?? [...existing.keys()];
    const counts = new Map(names.map((name) => [name, existing.get(name) ?? 0]));
    return await this.#ask('describe topics', DESCRIBE_DEADLINE_MS, (admin) =>
      describeTopics(admin, counts),
    );
  }

  /**
   * Where the partitions of these topics begin and end now, by partition key.
   *
   * @throws KAFKA_UNAVAILABLE, also when one of them does not exist.
   */
  async bounds(topics: readonly string[]): Promise<ReadonlyMap<string, PartitionBounds>> {
    if (topics.length === 0) return new Map();
    return await this.#ask('tell offsets', REQUEST_DEADLINE_MS, (admin) =>
      admin.bounds([...new Set(topics)]),
    );
  }

  /** The first offset of a partition whose record has this time or a later one, or its end. */
  async offsetAt({ topic, partition }: TopicPartition, timestampMs: number): Promise<bigint> {
    const offset = await this.#ask('tell offsets', REQUEST_DEADLINE_MS, (admin) =>
      admin.offsetAt({ topic, partition }, timestampMs),
    );
    if (offset === undefined) throw new NovaError(errors.KAFKA_TOPIC_UNKNOWN, { topic });
    return offset;
  }

  async ping(deadlineMs: number = PING_DEADLINE_MS): Promise<void> {
    const topic = this.directory.anyTopic();
    // kafkajs swallows the error of a topic that is gone and then stumbles: ask for all once more.
    if (topic === undefined || !(await this.#answersFor(topic, deadlineMs))) {
      await withDeadline(this.directory.reload(), deadlineMs, 'the ping').catch(
        (thrown: unknown) => {
          throw isNovaError(thrown) && thrown.kind === errors.KAFKA_UNAVAILABLE
            ? thrown
            : driverError(thrown, this.#options.brokers, 'answer');
        },
      );
    }
  }

  async ensureTopics(specs: readonly TopicSpec[]): Promise<readonly string[]> {
    const missing = await this.#missing(specs);
    if (missing.length === 0) return [];
    const failure = await this.#create(missing);
    // Two relays that start together create the same topics: what counts is that they exist. A
    // broker may take a moment to know a topic that its controller has just made.
    const isMade = failure === undefined || brokerErrorType(failure) === 'TOPIC_ALREADY_EXISTS';
    const giveUpAt = systemClock.monotonicMs() + (isMade ? VISIBLE_DEADLINE_MS : 0);
    for (;;) {
      const [left] = await this.#missing(specs);
      if (left === undefined) break;
      if (systemClock.monotonicMs() >= giveUpAt) {
        throw failure ?? new NovaError(errors.KAFKA_TOPIC_UNKNOWN, { topic: left.topic });
      }
      await sleep(VISIBLE_POLL_MS);
    }
    return missing.map(({ topic }) => topic);
  }

  async close(): Promise<void> {
    const connection = this.#connection;
    this.#connection = undefined;
    if (connection === undefined) return;
    await withDeadline(
      connection.ready.then((admin) => admin.close()),
      PING_DEADLINE_MS,
      'disconnecting',
    ).catch(() => {});
    connection.cut();
  }

  #create(specs: readonly TopicSpec[]): Promise<unknown> {
    return this.#ask('create topics', CREATE_DEADLINE_MS, (admin) =>
      admin.createTopics(
        specs.map((spec) => this.#definition(spec)),
        CREATE_DEADLINE_MS / 2,
      ),
    ).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
  }

  async #missing(specs: readonly TopicSpec[]): Promise<readonly TopicSpec[]> {
    const existing = await this.directory.reload();
    const differences = specs.flatMap(({ topic, partitions }) => {
      const found = existing.get(topic);
      return found === undefined || found === partitions
        ? []
        : [`\n  - ${topic} has ${found}, the catalogue says ${partitions}`];
    });
    if (differences.length > 0) {
      throw new NovaError(errors.KAFKA_TOPIC_DIFFERS, { differences: differences.join('') });
    }
    return specs.filter(({ topic }) => !existing.has(topic));
  }

  #definition({ topic, partitions, config }: TopicSpec): TopicDefinition {
    const { replicationFactor, minInsyncReplicas, topicRetentionDays } = this.#options;
    return {
      topic,
      partitions,
      replicationFactor,
      config: {
        'cleanup.policy': 'delete',
        'retention.ms': String(topicRetentionDays * DAY_MS),
        'max.message.bytes': String(MAX_MESSAGE_BYTES),
        'min.insync.replicas': String(minInsyncReplicas),
        ...config,
      },
    };
  }

  #countPartitions(): Promise<PartitionCounts> {
    return this.#ask('list topics', REQUEST_DEADLINE_MS, (admin) => admin.partitionCounts());
  }

  #answersFor(topic: string, deadlineMs: number): Promise<boolean> {
    return this.#ask('answer', deadlineMs, (admin) => admin.ping(topic)).then(
      () => true,
      () => {
        this.directory.forget(topic);
        return false;
      },
    );
  }

  async #ask<T>(
    what: string,
    deadlineMs: number,
    request: (admin: AdminSession) => Promise<T>,
  ): Promise<T> {
    const connection = this.#connect();
    try {
      const answer = connection.ready.then(request);
      return await withDeadline(answer, deadlineMs, what);
    } catch (thrown) {
      if (this.#connection === connection) this.#connection = undefined;
      connection.cut();
      throw driverError(thrown, this.#options.brokers, what);
    }
  }

  #connect(): Connection {
    if (this.#connection === undefined) {
      const session = loadDriver(this.#options.driver).then((driver) =>
        driver.openAdmin(this.#options, CREATE_DEADLINE_MS / 2),
      );
      const ready = session.then((admin) => admin.connect().then(() => admin));
      ready.catch(() => {});
      this.#connection = { ready, cut: () => void session.then((admin) => admin.cut()) };
    }
    return this.#connection;
  }
}
