import { randomUUID } from 'node:crypto';
import { openKafka } from '@nova/kafka';
import { createRelay, type EventPublisher, type RelaySettings } from '@nova/outbox';
import { silentLogger } from '@nova/telemetry';
import { openPool } from '../harness/databases.ts';
import type { Prepared } from '../harness/worker-messages.ts';
import { benchTopics } from '../workload/topics.ts';
import { DrainClock } from './drain-clock.ts';

/** A client library of `@nova/kafka`. */
export type Driver = 'kafkajs' | 'platformatic';

/** What a relay is told. */
export interface RelayOptions {
  readonly databaseUrl: string;
  readonly brokers: readonly string[];
  readonly driver: Driver;
  /** It has done its work when it has published so many. */
  readonly events: number;
  /** Starts when it is prepared, not at go: its lanes are settled then. */
  readonly startsAtOnce?: boolean;
  /** What it will publish to, if not the topics of all. */
  readonly topics?: readonly string[];
  readonly settings?: Partial<RelaySettings>;
}

/** nova's relay as the process events-relay builds it, draining a log. */
export async function prepareRelay(options: RelayOptions): Promise<Prepared> {
  const { databaseUrl, brokers, driver, events, settings = {} } = options;
  const { startsAtOnce = false, topics = benchTopics } = options;
  const database = openPool(databaseUrl);
  const kafka = openKafka({ brokers, clientId: 'bench-relay', logger: silentLogger, driver });
  const publisher = kafka.publisher();
  const clock = new DrainClock(events);
  const relay = createRelay({
    database,
    publisher: counting(publisher, clock),
    relayId: `bench/${randomUUID()}`,
    logger: silentLogger,
    settings,
  });
  await publisher.start();
  await Promise.all(topics.map((topic) => publisher.partitionsOf(topic)));
  await database.ping();
  if (startsAtOnce) await relay.start();
  return {
    async go() {
      clock.start();
      await relay.start();
      await clock.drained;
      return { values: clock.values() };
    },
    async stop() {
      await relay.stop();
      await publisher.stop();
      await kafka.admin().close();
      await database.close();
    },
  };
}

function counting(publisher: EventPublisher, clock: DrainClock): EventPublisher {
  return {
    async publish(batch) {
      await publisher.publish(batch);
      clock.acknowledged(batch.records.length);
    },
    refusalIn: (thrown) => publisher.refusalIn(thrown),
    partitionsOf: (topic) => publisher.partitionsOf(topic),
  };
}
