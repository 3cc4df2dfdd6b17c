import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EventsService } from '@nova/proto/gen/events/events_service_pb';
import { type Client, createClient, RpcError } from '@nova/rpc';
import { freePorts, type PrivatePostgres, privatePostgres, waitFor } from '@nova/testkit';

const SERVICE = join(import.meta.dirname, '..');
/** Nobody listens here: Kafka is away in this spec, and nothing but its absence may be felt. */
const NO_KAFKA = '127.0.0.1:9';

let folder = '';
let postgres: PrivatePostgres;
const children: ChildProcess[] = [];
let grpc: Client<typeof EventsService>;
let ops = { service: 0, relay: 0 };

function start(main: string, environment: Record<string, string>, ...args: string[]) {
  const file = join('src', main);
  const child = spawn(process.execPath, ['--import', '@nova/telemetry/register', file, ...args], {
    cwd: SERVICE,
    env: {
      NOVA_MODE: 'development',
      // Shared by all of them, so that only the first compiles.
      NODE_COMPILE_CACHE: join(folder, 'compiled'),
      NOVA_EVENTS_DATABASE_URL: postgres.url,
      NOVA_KAFKA_BROKERS: NO_KAFKA,
      ...environment,
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  children.push(child);
  return child;
}

function exitCode(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.once('exit', resolve));
}

async function readiness(port: number) {
  const response = await fetch(`http://127.0.0.1:${port}/health/ready`);
  // The shape that ops-server.unit.spec.ts asserts.
  const body = (await response.json()) as {
    status: string;
    parts: { name: string; condition: string }[];
  };
  const parts = Object.fromEntries(body.parts.map(({ name, condition }) => [name, condition]));
  return { code: response.status, status: body.status, parts };
}

const becomes = (port: number, code: number, withinMs: number) =>
  waitFor(async () => (await readiness(port)).code === code, {
    withinMs,
    what: `answer ${code} of port ${port}`,
  });

function publish() {
  return grpc.publishEvent({
    eventType: 'user_updated',
    aggregateId: '550e8400-e29b-41d4-a716-446655440000',
    payload: { username: 'ann' },
  });
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nova-events-service-'));
  postgres = await privatePostgres();
  expect(await exitCode(start('main.ts', {}, '--migrate'))).toBe(0);
  const [port = 0, service = 0, relay = 0] = await freePorts(3);
  ops = { service, relay };
  start('main.ts', { NOVA_GRPC_PORT: String(port), NOVA_OPS_PORT: String(ops.service) });
  start('relay-main.ts', { NOVA_OPS_PORT: String(ops.relay) });
  grpc = createClient(EventsService, { address: `127.0.0.1:${port}`, deadlineMs: 10_000 });
  await becomes(ops.service, 200, 20_000);
}, 60_000);

afterAll(async () => {
  grpc.close();
  const ended = children
    .filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null)
    .map((child) => {
      child.kill('SIGTERM');
      return exitCode(child);
    });
  const codes = await Promise.all(ended);
  await postgres.remove();
  rmSync(folder, { recursive: true, force: true });
  expect(codes).toEqual([0, 0]);
}, 40_000);

describe('the processes of events-service', () => {
  it('migrate again without doing anything', async () => {
    expect(await exitCode(start('main.ts', {}, '--migrate'))).toBe(0);
  }, 20_000);

  it('are ready but degraded without Kafka, and publishing goes on', async () => {
    const service = await waitFor(
      async () => {
        const found = await readiness(ops.service);
        return found.parts['kafka'] === 'degraded' && found;
      },
      { withinMs: 10_000, what: 'the missing broker' },
    );
    expect(service).toMatchObject({ code: 200, status: 'degraded', parts: { postgres: 'ready' } });
    const relay = await waitFor(
      async () => {
        const found = await readiness(ops.relay);
        return found.code === 200 && found.parts['topics'] === 'degraded' && found;
      },
      { withinMs: 20_000, what: 'the degraded relay' },
    );
    expect(relay).toMatchObject({ status: 'degraded', parts: { kafka: 'degraded' } });
    expect((await publish()).event?.aggregateVersion).toBe(1n);
    const { pending } = await grpc.getOutboxStatus({});
    expect(pending).toBe(1n);
  }, 40_000);

  it('give metrics and tell about the log and the relay', async () => {
    const text = async (port: number, path: string) =>
      (await fetch(`http://127.0.0.1:${port}${path}`)).text();
    expect(await text(ops.service, '/metrics')).toContain(
      'nova_appended_events_total{service="events-service",event_type="user_updated"} 1',
    );
    expect(await text(ops.relay, '/metrics')).toContain(
      'cqrs_outbox_pending_count{service="events-relay"} 1',
    );
    expect(JSON.parse(await text(ops.service, '/health/cqrs'))).toMatchObject({
      outbox: { pending: '1' },
    });
    expect(JSON.parse(await text(ops.relay, '/health/cqrs'))).toMatchObject({
      relay: { isRunning: true },
    });
  }, 20_000);

  it.each<[string, () => void | Promise<void>, () => void | Promise<void>]>([
    ['paused', () => postgres.pause(), () => postgres.resume()],
    ['gone', () => postgres.kill(), () => postgres.restart()],
  ])(
    'are alive but not ready within 5 s when PostgreSQL is %s, and come back',
    async (_, away, back) => {
      await away();
      await Promise.all([becomes(ops.service, 503, 5_000), becomes(ops.relay, 503, 5_000)]);
      const failed: unknown = await publish().catch((thrown: unknown) => thrown);
      expect(failed instanceof RpcError && failed.status).toBe('UNAVAILABLE');
      expect(String(failed)).not.toMatch(/ECONN|SELECT|pg_/);
      expect((await fetch(`http://127.0.0.1:${ops.service}/health/live`)).status).toBe(200);
      await back();
      await Promise.all([becomes(ops.service, 200, 5_000), becomes(ops.relay, 200, 5_000)]);
      const { event } = await waitFor(publish, { withinMs: 10_000, what: 'an append' });
      expect(event?.aggregateVersion).toBeGreaterThan(1n);
    },
    60_000,
  );
});
