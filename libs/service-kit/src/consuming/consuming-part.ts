import { hostname } from 'node:os';
import { type Consumer, consumerMigrations, createConsumer, type Effect } from '@nova/consumer';
import { isNovaError } from '@nova/errors';
import { openKafka } from '@nova/kafka';
import type { Part, Probe } from '@nova/lifecycle';
import { type Database, migrate } from '@nova/postgres';
import type { View } from '@nova/projection';
import { EventLog } from '@nova/proto/gen/events/event_log_pb';
import { createClient } from '@nova/rpc';
import type { Logger } from '@nova/telemetry';
import { type Backoff, backoffMs, type Clock, sleep } from '@nova/time';
import { databasePart } from '../database-part.ts';
import type { Addresses } from '../settings.ts';
import { eventAppenderOver } from './event-appender.ts';
import { logReaderOver } from './log-reader.ts';
import type { ConsumingConfig } from './settings.ts';

const CALL_DEADLINE_MS = 5000;
const AGAIN: Backoff = { initialMs: 200, factor: 2, maxMs: 5000, jitter: 0.2 };

/** What a service consumes. */
export interface Consumption {
  /** The service's settings, among them those of `consumingSettings`. */
  readonly config: ConsumingConfig;
  /** Views that are fed and rebuilt together. */
  readonly views: readonly View[];
  readonly effects?: readonly Effect[];
}

/** What the kit made of it, for the RPCs of the service. */
export interface Consuming {
  readonly database: Database;
  readonly consumer: Consumer;
}

/** The process that consumes, as the kit knows it. */
export interface ConsumingProcess {
  readonly name: string;
  readonly mode: 'production' | 'development';
  readonly addresses: Addresses;
  readonly logger: Logger;
  readonly clock: Clock;
}

/**
 * A consumer with all it needs, as parts in the order of their start:
 *
 *   database → Kafka's admin → client of the log → migrations of the consumer's tables → consumer
 *
 * Stopped in reverse: the consumer finishes its round and leaves its group, then what it used
 * is closed.
 */
export function consumingParts(
  process: ConsumingProcess,
  { config, views, effects = [] }: Consumption,
): Consuming & {
  readonly parts: readonly Part[];
  readonly probes: readonly Probe[];
  readonly insights: Readonly<Record<string, () => Promise<unknown>>>;
} {
  const { name, mode, logger, clock } = process;
  const { database, part, probe } = databasePart(config, { name, logger });
  const kafka = openKafka({ brokers: config.kafkaBrokers, clientId: name, logger });
  const client = createClient(EventLog, {
    address: config.eventsUrl,
    deadlineMs: CALL_DEADLINE_MS,
    // Only development mode believes what callers say of themselves.
    metadata: mode === 'development' ? { 'x-nova-service': name, 'x-nova-roles': 'service' } : {},
  });
  const consumer = createConsumer({
    definition: { service: name.replace(/-service$/, ''), name: 'views', views, effects },
    database,
    source: kafka.source(),
    log: logReaderOver(client, operatorsAddress(process.addresses)),
    appender: eventAppenderOver(client),
    logger,
    clock,
    settings: config,
    onDefinitionChange: mode === 'development' ? 'rebuild' : 'refuse',
  });
  const passive = (partName: string, close: () => void | Promise<void>): Part => ({
    name: partName,
    start: () => Promise.resolve(),
    stop: async () => close(),
  });
  return {
    database,
    consumer,
    parts: [
      part,
      passive('kafka admin', () => kafka.admin().close()),
      passive('log client', () => client.close()),
      migrations(database, logger),
      consumer,
    ],
    probes: [
      probe,
      { name: 'kafka', check: () => kafka.admin().ping(), whenFailing: 'degraded' },
      { name: 'consumer', check: () => checkConsumer(consumer), whenFailing: 'degraded' },
    ],
    insights: { consumers: () => Promise.resolve([consumer.status()]) },
  };
}

/** Makes the consumer's tables; waits for a database that is away. */
function migrations(database: Database, logger: Logger): Part {
  const stop = new AbortController();
  return {
    name: 'consumer migrations',
    async start() {
      for (let attempt = 1; ; attempt += 1) {
        try {
          await migrate(database, consumerMigrations, { owner: 'consumer', logger });
          return;
        } catch (thrown) {
          const isPassing = isNovaError(thrown) && thrown.kind.retry !== 'never';
          if (!isPassing || stop.signal.aborted) throw thrown;
          logger.warn(
            { component: 'service-kit', err: thrown },
            'migrations wait for the database',
          );
        }
        await sleep(backoffMs(AGAIN, attempt), stop.signal);
      }
    },
    async stop() {
      stop.abort();
    },
  };
}

/** Rejects with why the consumer does not work, or with what it has parked. */
async function checkConsumer(consumer: Consumer): Promise<void> {
  const { phase, trouble, parkedAggregates } = consumer.status();
  if (trouble !== undefined) throw new Error(trouble);
  if (phase === 'stopped' || phase === 'paused') throw new Error(`the consumer is ${phase}`);
  if (parkedAggregates > 0) throw new Error(`${parkedAggregates} aggregates are parked`);
}

/** Where operators reach this process from another machine; RPCs if it has any. */
function operatorsAddress({ grpc, ops }: Addresses): string {
  const { host, port } = grpc ?? ops;
  return `${host === '0.0.0.0' ? hostname() : host}:${port}`;
}
