import { connect } from 'node:http2';
import type { KafkaAdmin } from '@nova/kafka';
import { Readiness } from '@nova/lifecycle';
import { type AppendUnit, append, createWaker } from '@nova/outbox';
import { openDatabase } from '@nova/postgres';
import { EventLog } from '@nova/proto/gen/events/event_log_pb';
import { EventsService } from '@nova/proto/gen/events/events_service_pb';
import {
  type Client,
  createClient,
  createServer,
  developmentIdentity,
  type Limits,
} from '@nova/rpc';
import { createValidator } from '@nova/schemas';
import { createPageTokens } from '@nova/service-kit';
import { type Logger, silentLogger } from '@nova/telemetry';
import { systemClock } from '@nova/time';
import { createAppendQueue } from '../storage/append-queue.ts';
import { createEventTypes } from '../storage/event-types.ts';
import { createLogGrowth } from '../storage/log-growth.ts';
import { createPublishProgress } from '../storage/publish-progress.ts';
import { createScheduler } from '../storage/scheduler.ts';
import { createSubscriptionHub } from '../storage/subscriptions/hub.ts';
import { eventsServices } from './service.ts';

/** events-service over a real database and a real connection, for specs. */
export interface ServedLog {
  /** `host:port` */
  readonly address: string;
  readonly events: Client<typeof EventsService>;
  readonly log: Client<typeof EventLog>;
  /** Clients that say who they are by headers of development mode. */
  as(metadata: Readonly<Record<string, string>>): {
    readonly events: Client<typeof EventsService>;
    readonly log: Client<typeof EventLog>;
  };
  /** Sends bytes that no honest encoder makes. */
  raw(method: string, message: Uint8Array): Promise<RawAnswer>;
  stop(): Promise<void>;
}

/** How a raw call ended. */
export interface RawAnswer {
  /** Number of the gRPC status. */
  readonly status: number;
  readonly message: string;
}

/** How a spec's server differs from the usual one. */
export interface ServeOptions {
  readonly limits?: Partial<Limits>;
  readonly logger?: Logger;
  /** Makes the topics of registered types; without it none are made. */
  readonly admin?: Pick<KafkaAdmin, 'ensureTopics'>;
  /** Called before each statement that appends; when it throws, nothing is sent. */
  readonly beforeAppend?: (units: readonly AppendUnit[]) => Promise<void>;
}

/** Serves the database at `url`, whose migrations are applied, on a free port. */
export async function serveLog(url: string, options: ServeOptions = {}): Promise<ServedLog> {
  const { logger = silentLogger, limits = {}, beforeAppend } = options;
  const { admin = { ensureTopics: () => Promise.resolve([]) } } = options;
  // A machine that is busy with other specs takes seconds for a new connection.
  const limitsOfDatabase = { poolSize: 8, statementTimeoutMs: 5_000, acquireTimeoutMs: 10_000 };
  const database = openDatabase({ url, applicationName: 'spec', ...limitsOfDatabase, logger });
  const growth = createLogGrowth(database);
  const waker = createWaker(database);
  const scheduler = createScheduler({ database, logger, wake: () => waker.wake() });
  const subscriptions = createSubscriptionHub({ database, growth, clock: systemClock, logger });
  // A thread that does not get the machine is no schema that costs too much.
  const validator = createValidator({ limitMs: 20_000 });
  const types = createEventTypes({ database, validator, logger });
  const server = createServer({
    services: eventsServices({
      database,
      types,
      validator,
      admin,
      queue: createAppendQueue({
        append: async (units) => {
          await beforeAppend?.(units);
          return append(database, units);
        },
        wake: () => waker.wake(),
        clock: systemClock,
      }),
      growth,
      progress: createPublishProgress(database, systemClock),
      scheduler,
      subscriptions,
      pageTokens: createPageTokens('spec'),
      wake: () => waker.wake(),
      clock: systemClock,
      logger,
    }),
    logger,
    readiness: new Readiness(),
    identity: developmentIdentity,
    limits,
    address: { host: '127.0.0.1', port: 0 },
  });
  const parts = [growth.part, scheduler.part, subscriptions.part, ...types.parts];
  for (const part of parts) await part.start();
  await server.start();
  const { as, close } = clientsOf(server.address);
  return {
    address: server.address,
    ...as({}),
    as,
    raw: (method, message) => callRaw(server.address, method, message),
    async stop() {
      close();
      await server.stop();
      for (const part of parts.toReversed()) await part.stop();
      await database.close();
    },
  };
}

function clientsOf(address: string) {
  const clients: { close(): void }[] = [];
  const as = (metadata: Readonly<Record<string, string>>) => {
    const options = { address, deadlineMs: 10_000, metadata };
    const events = createClient(EventsService, options);
    const log = createClient(EventLog, options);
    clients.push(events, log);
    return { events, log };
  };
  const close = () => {
    for (const client of clients) client.close();
  };
  return { as, close };
}

function callRaw(address: string, method: string, message: Uint8Array): Promise<RawAnswer> {
  const session = connect(`http://${address}`);
  const frame = Buffer.alloc(5 + message.length);
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, 5);
  return new Promise<RawAnswer>((resolve, reject) => {
    session.on('error', reject);
    const stream = session.request({
      ':method': 'POST',
      ':path': `/${method}`,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    const take = (headers: Record<string, unknown>) => {
      const status = headers['grpc-status'];
      if (status === undefined) return;
      resolve({ status: Number(status), message: String(headers['grpc-message'] ?? '') });
    };
    // An answer without messages has its status in the first headers.
    stream.on('response', take).on('trailers', take).on('error', reject).resume();
    stream.end(frame);
  }).finally(() => session.close());
}
