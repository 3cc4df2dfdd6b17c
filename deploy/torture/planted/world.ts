import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Consumer, consumerMigrations, createConsumer } from '@nova/consumer';
import { DEFAULT_PARTITIONS, topicOf } from '@nova/events';
import { publisherOver, type TakeBatch } from '@nova/kafka/testing';
import { type AppendUnit, append, createRelay, outboxMigrations } from '@nova/outbox';
import { type Database, migrate, openDatabase, type Queryable, type Sql } from '@nova/postgres';
import { sleep } from '@nova/time';
import { activityView } from '../../../examples/activity-counter/src/views/activity_view/activity-view.ts';
import { MemorySource, MemoryTopics } from '../../../libs/consumer/src/testing/memory-topics.ts';
import { messageView } from '../../../services/messaging-service/src/views/message_view/message-view.ts';
import type { AskedEvent } from '../checker/history.ts';
import type { Sources } from '../checker/look.ts';
import { HistoryFile } from '../load/history-file.ts';
import { logOf } from './log-of.ts';
import { unitOf } from './unit-of.ts';
import { watchfulLogger } from './watchful-logger.ts';

/** Event types of scenarios. */
export const TYPES = ['conversation_created', 'message_created', 'message_edited', 'member_added'];

const DEFINITION = {
  service: 'torture',
  name: 'views',
  views: [activityView, messageView],
  effects: [],
};
/** Long enough for a machine that has much else to do. */
const SETTLED_WITHIN_MS = 20_000;
const OPEN_ATTEMPTS = 5;

/** What may be done to a consumer's database and records. */
export interface ConsumerRig {
  /** Called before a transaction is committed; what it throws rolls it back. */
  beforeCommit?: (movesMarks: boolean) => void;
  /** Awaited before a transaction begins. */
  gate?: Promise<void>;
  /** Deliveries that are kept from the consumer, by event id. */
  readonly withheld?: ReadonlySet<string>;
  readonly settings?: Parameters<typeof createConsumer>[0]['settings'];
}

/** The log in PostgreSQL, its relay, topics in memory and a consumer, all in this process. */
export class World {
  readonly database: Database;
  readonly topics = new MemoryTopics(DEFAULT_PARTITIONS);
  readonly history: HistoryFile;
  /** How the broker takes a batch. */
  take: TakeBatch = (batch) => this.accept(batch);
  readonly #url: string;
  readonly #folder: string;
  readonly #parts: { stop(): Promise<void> }[] = [];
  readonly #consumers: Consumer[] = [];
  #requests = 0;

  private constructor(url: string, folder: string) {
    this.#url = url;
    this.#folder = folder;
    this.database = openWorldDatabase(url);
    this.history = new HistoryFile(join(folder, 'history.jsonl'));
  }

  static async open(url: string, folder: string): Promise<World> {
    mkdirSync(folder, { recursive: true });
    const world = new World(url, folder);
    const { database } = world;
    for (let attempt = 1; ; attempt += 1) {
      try {
        await migrate(database, outboxMigrations, { owner: 'outbox', logger: watchfulLogger });
        await migrate(database, consumerMigrations, { owner: 'consumer', logger: watchfulLogger });
        break;
      } catch (thrown) {
        if (attempt === OPEN_ATTEMPTS) throw thrown;
      }
    }
    world.history.write({ kind: 'run', seed: 0, commit: '' });
    return world;
  }

  /** What a good broker does. */
  accept: TakeBatch = async ({ topic, partition, records }) => {
    const base = this.topics.of({ topic, partition }).length;
    for (const { headers, ...record } of records) {
      const texts = Object.entries(headers).map(([name, text]): [string, string] => [
        name,
        String(text),
      ]);
      this.topics.append({ topic, partition }, { ...record, headers: Object.fromEntries(texts) });
    }
    return [{ topicName: topic, partition, errorCode: 0, baseOffset: String(base) }];
  };

  /** Appends units in one call, each a request of its own, and writes down what was answered. */
  async ask(
    units: readonly (readonly AskedEvent[])[],
    database: Queryable = this.database,
  ): Promise<void> {
    const requests = units.map((events) => {
      this.#requests += 1;
      const request = `request ${this.#requests}`;
      this.history.write({ kind: 'asked', request, events });
      return request;
    });
    const results = await append(
      database,
      units.map((events): AppendUnit => unitOf(events)),
    );
    for (const [index, result] of results.entries()) {
      const request = requests[index] ?? '';
      if (result.outcome === 'refused') {
        this.history.write({ kind: 'refused', request, reason: result.refusals[0]?.reason ?? '' });
        continue;
      }
      const events = result.events.flatMap((event) =>
        'position' in event
          ? [
              {
                id: event.eventId,
                version: Number(event.aggregateVersion),
                position: Number(event.position.position),
              },
            ]
          : [],
      );
      this.history.write({ kind: 'acknowledged', request, events });
    }
  }

  async startRelay(): Promise<void> {
    const counts = new Map(TYPES.map((type) => [topicOf(type), DEFAULT_PARTITIONS]));
    const relay = createRelay({
      database: this.database,
      publisher: publisherOver((batch) => this.take(batch), counts),
      relayId: `relay ${this.#parts.length}`,
      logger: watchfulLogger,
      settings: { pollIntervalMs: 20, advanceIntervalMs: 10, slowSendMs: 300 },
    });
    this.#parts.push(relay);
    await relay.start();
  }

  /** A member of the group; all have the same views. */
  async startConsumer(rig: ConsumerRig = {}): Promise<Consumer> {
    const database = riggedDatabase(openWorldDatabase(this.#url), rig);
    const source = new MemorySource(this.topics);
    const { withheld = new Set<string>() } = rig;
    const consumer = createConsumer({
      definition: DEFINITION,
      database,
      source: {
        open: (options) =>
          source.open({
            ...options,
            deliver: ({ records, ...batch }) =>
              options.deliver({
                ...batch,
                records: records.filter(({ headers }) => !withheld.has(headers['ce_id'] ?? '')),
              }),
          }),
      },
      log: logOf(this.database),
      logger: watchfulLogger,
      settings: rig.settings ?? {},
    });
    this.#consumers.push(consumer);
    // Stopped in reverse: a consumer needs its database to the end.
    this.#parts.push({ stop: () => database.close() }, consumer);
    await consumer.start();
    await until(() => consumer.status().phase === 'running');
    return consumer;
  }

  /** Waits until everything is published and applied; at most some seconds: the checker judges. */
  async settle(): Promise<void> {
    await until(async () => {
      const [row] = await this.database.query<{ behind: boolean }>(
        `SELECT (SELECT min(position) FROM outbox_lanes)
                < (SELECT coalesce(max(position), 0) FROM outbox_events) AS behind`,
      );
      return row?.behind !== true;
    });
    await until(() => this.#consumers.every(isDone));
    // What was applied last may be in work.
    await sleep(100);
  }

  /** Stops everything and writes down what is in the topics, and where the checker shall look. */
  async close(): Promise<void> {
    for (const part of this.#parts.reverse()) await part.stop();
    await this.database.close();
    this.history.close();
    const topicFiles: Record<string, string> = {};
    for (const topic of TYPES.map(topicOf)) {
      const file = join(this.#folder, topic);
      writeFileSync(file, this.#asKcatPrints(topic));
      topicFiles[topic] = file;
    }
    const sources: Sources = {
      log: this.#url,
      topicFiles,
      views: [
        { view: 'activity', url: this.#url },
        { view: 'messages', url: this.#url },
      ],
    };
    writeFileSync(join(this.#folder, 'sources.json'), JSON.stringify(sources));
  }

  #asKcatPrints(topic: string): string {
    return Array.from({ length: DEFAULT_PARTITIONS }, (_, partition) =>
      this.topics.of({ topic, partition }).map(({ key, headers, value }) => {
        const texts = Object.entries(headers).map(([name, text]) => `${name}=${text}`);
        const text = Buffer.from(value ?? []).toString();
        return `${partition}\t${key}\t${texts.join(',')}\t${text}\n`;
      }),
    )
      .flat()
      .join('');
  }
}

function isDone(consumer: Consumer): boolean {
  const { phase, lagEvents } = consumer.status();
  return phase === 'stopped' || lagEvents === 0;
}

function openWorldDatabase(url: string): Database {
  return openDatabase({
    url,
    applicationName: 'torture',
    poolSize: 6,
    statementTimeoutMs: 5000,
    logger: watchfulLogger,
  });
}

function riggedDatabase(database: Database, rig: ConsumerRig): Database {
  return {
    query: (sql, params) => database.query(sql, params),
    transaction: async (work) => {
      await rig.gate;
      return database.transaction((tx) => watchedWork(rig, tx, work));
    },
    bulk: async (work) => {
      await rig.gate;
      return database.bulk((tx) =>
        watchedWork(rig, tx, ({ query }) =>
          work({ query, copyIn: (sql, text) => tx.copyIn(sql, text) }),
        ),
      );
    },
    snapshot: (work) => database.snapshot(work),
    session: (limits, work) => database.session(limits, work),
    copyOut: (sql) => database.copyOut(sql),
    listen: (channel, onNotify) => database.listen(channel, onNotify),
    notify: (channel) => database.notify(channel),
    ping: () => database.ping(),
    close: () => database.close(),
  };
}

function textOf(sql: Sql): string {
  return typeof sql === 'string' ? sql : sql.text;
}

/** Waits for a condition, for a while. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const endsAt = performance.now() + SETTLED_WITHIN_MS;
  while (performance.now() < endsAt && !(await holds())) await sleep(10);
}

/** What a transaction does, told to the rig before it is committed. */
async function watchedWork<T>(
  rig: ConsumerRig,
  tx: Queryable,
  work: (tx: Queryable) => Promise<T>,
): Promise<T> {
  let movesMarks = false;
  const result = await work({
    query: (sql, params) => {
      movesMarks ||= textOf(sql).includes('UPDATE consumer_progress');
      return tx.query(sql, params);
    },
  });
  rig.beforeCommit?.(movesMarks);
  return result;
}
