import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Readiness } from '@nova/lifecycle';
import { defineView, on } from '@nova/projection';
import { EventLog } from '@nova/proto/gen/events/event_log_pb';
import {
  Health,
  HealthCheckResponse_ServingStatus as Serving,
} from '@nova/proto/gen/grpc/health/v1/health_pb';
import { MemberAddedSchema } from '@nova/proto/gen/messaging/conversation_events_pb';
import { ConsumerPhase, OpsService } from '@nova/proto/gen/ops/ops_service_pb';
import {
  createClient,
  createServer,
  developmentIdentity,
  implement,
  type RpcServer,
} from '@nova/rpc';
import { silentLogger } from '@nova/telemetry';
import {
  freePorts,
  type PrivatePostgres,
  type PrivateServer,
  privateKafka,
  privatePostgres,
  privateRedis,
  stopwatch,
  waitFor,
} from '@nova/testkit';
import { defineService } from '../define.ts';
import { loadService } from '../load.ts';
import { contextOf, type RunningService, startService } from '../start.ts';
import { consumingSettings } from './settings.ts';

let postgres: PrivatePostgres;
let folder = '';
let table: URL;
const running: { stop(): Promise<void> }[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nova-outage-'));
  const file = join(folder, 'table.sql');
  writeFileSync(file, 'CREATE TABLE room_view (conversation_id uuid PRIMARY KEY);');
  table = pathToFileURL(file);
  postgres = await privatePostgres();
}, 60_000);
afterAll(async () => {
  await postgres.remove();
  rmSync(folder, { recursive: true, force: true });
});
afterEach(async () => {
  for (const one of running.splice(0).reverse()) {
    await one.stop();
  }
});

/** A port at which nobody listens. */
async function freePort(): Promise<number> {
  const [port = 0] = await freePorts(1);
  return port;
}

/** An empty log, as far as a consumer needs it to begin. */
function emptyLog(port: number): RpcServer {
  const nothing = async function* () {};
  const head = `0123456789abcdef-${'0'.repeat(19)}`;
  const log = implement(
    EventLog,
    {
      append: () => Promise.resolve({}),
      resolve: () => Promise.resolve({}),
      readAggregates: nothing,
      readLog: nothing,
      getLog: () =>
        Promise.resolve({ head, epochs: [{ epoch: '0123456789abcdef', firstPosition: 1n }] }),
      registerConsumer: () => Promise.resolve({ ttlSeconds: 60 }),
    },
    {
      append: 'service',
      resolve: 'service',
      readAggregates: 'service',
      readLog: 'service',
      getLog: 'service',
      registerConsumer: 'service',
    },
  );
  return createServer({
    services: [log],
    logger: silentLogger,
    readiness: new Readiness(),
    identity: developmentIdentity,
    address: { host: '127.0.0.1', port },
  });
}

async function startRooms(
  eventsPort: number,
  more: Readonly<Record<string, string>> = {},
): Promise<RunningService> {
  const rooms = defineView<{ conversation_id: string }, 'conversation_id'>({
    name: 'room_view',
    version: 1,
    table,
    key: ['conversation_id'],
    handlers: [
      on(MemberAddedSchema, {
        keys: ({ aggregateId }) => [{ conversation_id: aggregateId }],
        fold: (row, _, key) => row ?? key,
      }),
    ],
  });
  const definition = defineService({
    name: 'rooms-service',
    ports: { grpc: 0, ops: 0 },
    settings: consumingSettings('ROOMS'),
    consumer: ({ config }) => ({ config, views: [rooms] }),
  });
  const loaded = loadService(definition, {
    NOVA_MODE: 'development',
    NOVA_ROOMS_DATABASE_URL: postgres.url,
    NOVA_EVENTS_URL: `127.0.0.1:${eventsPort}`,
    // Away all the time, unless there is one.
    NOVA_KAFKA_BROKERS: `127.0.0.1:${await freePort()}`,
    ...more,
  });
  const service = await startService(
    definition,
    contextOf(loaded, silentLogger, () => {}),
  );
  running.push(service);
  return service;
}

async function healthOf({ grpcAddress = '' }: RunningService): Promise<Serving> {
  const client = createClient(Health, { address: grpcAddress, deadlineMs: 2000 });
  const { status } = await client.check({ service: 'ops.OpsService' });
  client.close();
  return status;
}

const becomes = (service: RunningService, wanted: Serving, withinMs: number) =>
  waitFor(async () => (await healthOf(service)) === wanted, { withinMs, what: Serving[wanted] });

const conditions = ({ readiness }: RunningService) =>
  Object.fromEntries(readiness.health().parts.map(({ name, condition }) => [name, condition]));

describe('a consuming service', () => {
  it('starts without anything that it needs, is ready when that comes, and not without its database', async () => {
    await postgres.kill();
    const eventsPort = await freePort();
    const service = await startRooms(eventsPort);
    expect(await healthOf(service)).toBe(Serving.NOT_SERVING);
    const client = createClient(OpsService, {
      address: service.grpcAddress ?? '',
      deadlineMs: 2000,
    });
    const { consumers } = await client.listConsumers({});
    client.close();
    expect(consumers).toMatchObject([{ phase: ConsumerPhase.STOPPED, generation: 0 }]);

    await postgres.restart();
    await waitFor(() => conditions(service)['postgres'] === 'ready', {
      withinMs: 15_000,
      what: 'its database is back',
    });
    // New, it cannot know from where on its effects begin.
    expect(await healthOf(service)).toBe(Serving.NOT_SERVING);

    const log = emptyLog(eventsPort);
    await log.start();
    running.push(log);
    await becomes(service, Serving.SERVING, 15_000);
    await waitFor(() => conditions(service)['events-service'] === 'ready', {
      withinMs: 5000,
      what: 'events-service is seen',
    });
    expect(conditions(service)).toMatchObject({ views: 'ready', kafka: 'degraded' });

    const watch = stopwatch();
    postgres.pause();
    await becomes(service, Serving.NOT_SERVING, 5000);
    expect(watch.ms()).toBeLessThan(5000);
    postgres.resume();
    await becomes(service, Serving.SERVING, 5000);
  }, 60_000);
});

describe('a dependency that is gone or paused', () => {
  const WITHIN_MS = 5000;
  const servers = new Map<string, PrivateServer>();
  let service: RunningService;

  beforeAll(async () => {
    const [kafka, redis] = await Promise.all([privateKafka(), privateRedis()]);
    servers.set('kafka', kafka).set('redis', redis).set('postgres', postgres);
    const eventsPort = await freePort();
    const log = emptyLog(eventsPort);
    await log.start();
    service = await startRooms(eventsPort, {
      NOVA_KAFKA_BROKERS: kafka.brokers.join(','),
      NOVA_REDIS_URL: redis.url,
      NOVA_CONSUMER_FAST_MARKS: 'true',
      NOVA_RPC_RATE_PER_SECOND: '1000',
    });
    // It lives through all of these specs.
    running.splice(0);
    kept.push(service, log);
    for (const name of servers.keys()) await shows(name, 'ready', 15_000);
    await becomes(service, Serving.SERVING, 15_000);
  }, 90_000);

  afterAll(async () => {
    for (const one of kept.splice(0)) await one.stop();
    await servers.get('kafka')?.remove();
    await servers.get('redis')?.remove();
  }, 30_000);
  const kept: { stop(): Promise<void> }[] = [];

  const shows = (name: string, wanted: string, withinMs = WITHIN_MS) =>
    waitFor(() => conditions(service)[name] === wanted, { withinMs, what: `${name} is ${wanted}` });

  async function answered(): Promise<number[]> {
    const [live, ready] = await Promise.all(
      ['live', 'ready'].map((path) => fetch(`http://${service.opsAddress}/health/${path}`)),
    );
    return [live?.status ?? 0, ready?.status ?? 0];
  }

  it.each([
    ['postgres', 'down', 503],
    ['kafka', 'degraded', 200],
    ['redis', 'degraded', 200],
  ] as const)(
    '%s paused makes it %s within 5 s, and ready soon after',
    async (name, wanted, status) => {
      servers.get(name)?.pause();
      await shows(name, wanted);
      // The process itself is well: restarting it would help nobody.
      expect(await answered()).toEqual([200, status]);
      servers.get(name)?.resume();
      await shows(name, 'ready');
      expect(await answered()).toEqual([200, 200]);
    },
    30_000,
  );

  it.each([
    ['postgres', 'down', 503],
    ['kafka', 'degraded', 200],
    ['redis', 'degraded', 200],
  ] as const)(
    '%s killed makes it %s within 5 s, and ready within 5 s of its return',
    async (name, wanted, status) => {
      await servers.get(name)?.kill();
      await shows(name, wanted);
      expect(await answered()).toEqual([200, status]);
      await servers.get(name)?.restart();
      await shows(name, 'ready');
      expect(await answered()).toEqual([200, 200]);
    },
    40_000,
  );
});
