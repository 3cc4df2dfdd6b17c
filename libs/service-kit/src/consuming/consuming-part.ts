import { hostname } from 'node:os';
import { type Consumer, consumerMigrations, createConsumer, type Effect } from '@nova/consumer';
import { NovaError } from '@nova/errors';
import { connectionOptions, type Kafka, openKafka } from '@nova/kafka';
import type { Part, Probe } from '@nova/lifecycle';
import { type Database, migrate } from '@nova/postgres';
import type { View } from '@nova/projection';
import { processedEvents } from '@nova/redis';
import type { ClientCredentials, ServiceImplementation } from '@nova/rpc';
import type { Logger } from '@nova/telemetry';
import type { Clock } from '@nova/time';
import type { Commands } from '../commands/command-spec.ts';
import { createCommands } from '../commands/commands.ts';
import { databasePart } from '../database-part.ts';
import { errors } from '../errors.ts';
import { eventLookupOver } from '../ops/event-lookup.ts';
import { opsService } from '../ops/ops-service.ts';
import type { ProcessRedis } from '../process-redis.ts';
import { createQueries } from '../queries/create-queries.ts';
import { createPageTokens, type PageTokens } from '../queries/page-tokens.ts';
import type { Queries } from '../queries/queries.ts';
import type { Addresses } from '../settings.ts';
import { eventAppenderOver } from './event-appender.ts';
import { createLogClient, type LogClient } from './log-client.ts';
import { logReaderOver } from './log-reader.ts';
import { openingPart } from './opening-part.ts';
import type { ConsumingConfig } from './settings.ts';

/** What a service consumes. */
export interface Consumption {
  /** The service's settings, among them those of `consumingSettings`. */
  readonly config: ConsumingConfig;
  /** Views that are fed and rebuilt together. */
  readonly views: readonly View[];
  readonly effects?: readonly Effect[];
  /** Where the service has tables besides its views: their migrations, in this folder. */
  readonly migrations?: URL;
}

/** What the kit made of it, for the RPCs of the service. */
export interface Consuming {
  readonly database: Database;
  readonly consumer: Consumer;
  /** The log, for what commands do not cover. */
  readonly log: LogClient;
  readonly commands: Commands;
  readonly queries: Queries;
  readonly pageTokens: PageTokens;
}

/** The process that consumes, as the kit knows it. */
export interface ConsumingProcess {
  readonly name: string;
  readonly mode: 'production' | 'development';
  readonly addresses: Addresses;
  readonly logger: Logger;
  readonly clock: Clock;
  /** What proves to events-service who calls. */
  readonly credentials: ClientCredentials;
  readonly redis: ProcessRedis;
  readonly crash: (thrown: unknown) => void;
}

/**
 * A consumer with all it needs, as parts in the order of their start:
 *
 *   database → Kafka's admin → client of the log → migrations → consumer
 *
 * Stopped in reverse: the consumer finishes its round and leaves its group, then what it used
 * is closed.
 *
 *   away                what the service does meanwhile
 *   its database        starts, is not ready, and goes on once it is there
 *   events-service      answers queries, degraded; commands fail as UNAVAILABLE. A process that
 *                       starts meanwhile is not ready before the log has told where it stands
 *   Kafka               answers queries from what the views have, and commands; degraded
 */
export function consumingParts(
  process: ConsumingProcess,
  { config, views, effects = [], migrations }: Consumption,
): Consuming & {
  readonly parts: readonly Part[];
  readonly probes: readonly Probe[];
  readonly insights: Readonly<Record<string, () => Promise<unknown>>>;
  /** Served beside the RPCs of the service, where it has any. */
  readonly services: readonly ServiceImplementation[];
} {
  const { name, mode, logger, clock, crash } = process;
  const { database, part, probe } = databasePart(config, { name, logger });
  const kafka = openKafka({ ...connectionOptions(config), clientId: name, logger });
  const letters = kafka.publisher();
  const client = createLogClient({
    service: name,
    mode,
    address: config.eventsUrl,
    credentials: process.credentials,
  });
  const consumer = createConsumer({
    definition: { service: name.replace(/-service$/, ''), name: 'views', views, effects },
    database,
    source: kafka.source(),
    log: logReaderOver(client.log, operatorsAddress(process.addresses)),
    appender: eventAppenderOver(client.log),
    deadLetters: {
      send: ({ topic, ...record }) => letters.publish({ topic, partition: 0, records: [record] }),
    },
    fastMarks: fastMarksOf(process, config),
    logger,
    clock,
    settings: config,
    onDefinitionChange: mode === 'development' ? 'rebuild' : 'refuse',
  });
  const prepare = async () => {
    await migrate(database, consumerMigrations, { owner: 'consumer', logger });
    if (migrations !== undefined) await migrate(database, migrations, { owner: name, logger });
  };
  const pageTokens = createPageTokens(config.pageTokenSecret ?? config.databaseUrl);
  const ops = opsService({ consumer, pageTokens, events: eventLookupOver(client.events) });
  return {
    database,
    consumer,
    log: client,
    commands: createCommands({ consumer, log: client.log, clock }),
    queries: createQueries({ consumer, clock }),
    pageTokens,
    services: [ops],
    parts: [
      part,
      passive('kafka admin', () => kafka.admin().close()),
      passive('dead letters', () => letters.stop()),
      passive('log client', () => client.close()),
      openingPart(consumer, { prepare, crash, logger }),
    ],
    probes: [probe, ...probesOf(kafka, client, consumer)],
    insights: { consumers: () => Promise.resolve([consumer.status()]) },
  };
}

/** Something that works from the beginning and is closed at the end. */
function passive(name: string, close: () => void | Promise<void>): Part {
  return { name, start: () => Promise.resolve(), stop: async () => close() };
}

/** @throws SERVICE_REDIS_MISSING */
function fastMarksOf({ redis }: ConsumingProcess, { fastMarks }: ConsumingConfig) {
  if (!fastMarks) return undefined;
  const opened = redis.use();
  if (opened === undefined) throw new NovaError(errors.SERVICE_REDIS_MISSING);
  return processedEvents(opened);
}

function probesOf(kafka: Kafka, client: LogClient, consumer: Consumer): Probe[] {
  return [
    { name: 'views', check: () => checkViews(consumer), whenFailing: 'down' },
    // Views go on being read without the log; commands do not.
    { name: 'events-service', check: () => client.check(), whenFailing: 'degraded' },
    { name: 'kafka', check: () => kafka.admin().ping(), whenFailing: 'degraded' },
    { name: 'consumer', check: () => checkConsumer(consumer), whenFailing: 'degraded' },
  ];
}

/** Until the views are open there is nothing to answer from. */
async function checkViews(consumer: Consumer): Promise<void> {
  const { generation, trouble } = consumer.status();
  if (generation === 0) throw new Error(trouble ?? 'the views are not open yet');
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
