import { DEFAULT_PARTITIONS, newEventId, partitionOf, topicOf } from '@nova/events';
import { openKafka } from '@nova/kafka';
import { append, createWaker } from '@nova/outbox';
import { prepared } from '@nova/postgres';
import { silentLogger } from '@nova/telemetry';
import { systemClock } from '@nova/time';
import { createAppendQueue } from '../../services/events-service/src/storage/append-queue.ts';
import { openPool } from '../harness/databases.ts';
import type { Prepared } from '../harness/worker-messages.ts';
import { DEBEZIUM_INSERT } from '../peers/debezium.ts';
import { atRate, nowMs } from '../watch.ts';
import { newEvent } from '../workload/backlog.ts';
import { benchTopics } from '../workload/topics.ts';
import { type BenchEvent, eventOf, type Workload } from '../workload/workload.ts';
import type { Driver } from './relay.ts';

/** What it is told. */
export interface LoadOptions {
  readonly databaseUrl: string;
  readonly brokers: readonly string[];
  readonly driver: Driver;
  /**
   * `append`: to the log, as events-service does; `direct`: to Kafka, with nothing between; `insert`: a
   * row and a commit each, into the table that Debezium reads.
   */
  readonly mode: keyof typeof ways;
  readonly perSecond: number;
  readonly workload: Workload;
}

/**
 * An open load: each event has its time, whether those before it are done or not. Tells when each
 * was due, in milliseconds since 1970.
 */
export async function prepareLoad(options: LoadOptions): Promise<Prepared> {
  const { perSecond, workload } = options;
  const { send, stop } = await ways[options.mode](options);
  const events = Array.from({ length: workload.events }, (_, n) => eventOf(workload, n));
  return {
    async go() {
      const dueAt: number[] = [];
      const beganAt = nowMs();
      await atRate(perSecond, events.length, (n) => {
        dueAt.push(beganAt + (n * 1000) / perSecond);
        const event = events[n];
        return event === undefined ? Promise.resolve() : send(event);
      });
      return { values: { seconds: (nowMs() - beganAt) / 1000 }, lists: { dueAt } };
    },
    stop,
  };
}

type WayOptions = Pick<LoadOptions, 'databaseUrl' | 'brokers' | 'driver'>;

interface Way {
  send(event: BenchEvent): Promise<void>;
  stop(): Promise<void>;
}

const ways = { append: appending, direct, insert: inserting };

function appending({ databaseUrl }: WayOptions): Promise<Way> {
  const database = openPool(databaseUrl, 4);
  const queue = createAppendQueue({
    append: (units) => append(database, units),
    wake: createWaker(database).wake,
    clock: systemClock,
  });
  const caller = { signal: new AbortController().signal, remainingMs: () => 60_000 };
  return Promise.resolve({
    async send(event) {
      const unit = { conditions: [], mode: 'atomic', events: [newEvent(event)] } as const;
      const { outcome } = await queue.append(unit, caller);
      if (outcome !== 'stored') throw new TypeError('an append was refused');
    },
    stop: () => database.close(),
  });
}

function inserting({ databaseUrl }: WayOptions): Promise<Way> {
  const database = openPool(databaseUrl, 16);
  const insert = prepared(DEBEZIUM_INSERT);
  return Promise.resolve({
    async send({ eventType, aggregateId, payload }) {
      const eventId = newEventId();
      const headers = JSON.stringify({ ce_id: eventId });
      await database.query(insert, [eventId, topicOf(eventType), aggregateId, payload, headers]);
    },
    stop: () => database.close(),
  });
}

async function direct({ brokers, driver }: WayOptions): Promise<Way> {
  const kafka = openKafka({ brokers, clientId: 'bench-load', logger: silentLogger, driver });
  const publisher = kafka.publisher();
  await publisher.start();
  await Promise.all(benchTopics.map((topic) => publisher.partitionsOf(topic)));
  return {
    send: ({ eventType, aggregateId, payload }) =>
      publisher.publish({
        topic: topicOf(eventType),
        partition: partitionOf(aggregateId, DEFAULT_PARTITIONS),
        records: [{ key: aggregateId, value: payload, headers: {} }],
      }),
    async stop() {
      await publisher.stop();
      await kafka.admin().close();
    },
  };
}
