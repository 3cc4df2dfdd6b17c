import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EventsService } from '@nova/proto/gen/events/events_service_pb';
import { type Client, createClient } from '@nova/rpc';
import { freePorts, type TestDatabase, waitFor } from '@nova/testkit';
import { SpecConsumer } from './consuming.rig.spec.ts';
import { logDatabase } from './log-database.rig.spec.ts';

const SERVICE = join(import.meta.dirname, '../..');
const NOVA = join(SERVICE, '../../cli/src/main.ts');
const SENDER = '11111111-2222-4333-8444-555555555555';
const COUNT = 300;
let folder = '';
let data: TestDatabase;
let port = 0;
let ops = 0;
let child: ChildProcess;
let events: Client<typeof EventsService>;

async function start(): Promise<void> {
  child = spawn(process.execPath, ['--import', '@nova/telemetry/register', 'src/main.ts'], {
    cwd: SERVICE,
    env: {
      NOVA_MODE: 'development',
      NODE_COMPILE_CACHE: join(folder, 'compiled'),
      NOVA_EVENTS_DATABASE_URL: data.url,
      // Nobody listens there: subscriptions need no Kafka.
      NOVA_KAFKA_BROKERS: '127.0.0.1:9',
      NOVA_GRPC_PORT: String(port),
      NOVA_OPS_PORT: String(ops),
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  await waitFor(
    () =>
      fetch(`http://127.0.0.1:${ops}/health/ready`).then(
        ({ ok }) => ok,
        () => false,
      ),
    { withinMs: 60_000, what: 'the service to be ready' },
  );
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nova-consume-'));
  data = await logDatabase();
  [port = 0, ops = 0] = await freePorts(2);
  events = createClient(EventsService, { address: `127.0.0.1:${port}`, deadlineMs: 10_000 });
  await start();
}, 120_000);
afterAll(async () => {
  events.close();
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
  await data.drop();
  rmSync(folder, { recursive: true, force: true });
}, 30_000);

/** The command line, against this service. */
function nova(...args: readonly string[]) {
  const running = spawn(process.execPath, [NOVA, ...args], {
    env: { NOVA_EVENTS_URL: `127.0.0.1:${port}`, NODE_COMPILE_CACHE: join(folder, 'compiled') },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  running.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  const over = once(running, 'close');
  return {
    process: running,
    lines: () => text.split('\n').slice(0, -1),
    async ends(): Promise<{ code: unknown; text: string }> {
      const [code] = (await over) as unknown[];
      return { code, text };
    },
  };
}

/** What a call of the command line printed as JSON. */
async function novaJson(...args: readonly string[]): Promise<unknown> {
  const { code, text } = await nova(...args, '-o', 'json').ends();
  expect([args, code]).toEqual([args, 0]);
  return JSON.parse(text);
}

const idsIn = (lines: readonly string[]) =>
  lines.map((line) => (JSON.parse(line) as { event_id: string }).event_id);

describe('a subscription', () => {
  it('survives kill -9 of the service: nothing is lost, what was settled stays settled', async () => {
    const aggregates = Array.from({ length: 10 }, () => randomUUID());
    await events.publishEvents({
      events: Array.from({ length: COUNT }, (_, n) => ({
        eventType: 'message_created',
        aggregateId: aggregates[n % 10] ?? '',
        payload: { message_id: randomUUID(), sender_id: SENDER, content: String(n) },
      })),
    });
    const name = 'killed';
    await events.createSubscription({ name, from: { case: 'beginning', value: true } });
    const settled = new Set<string>();
    const highest = new Map<string, bigint>();
    const problems: string[] = [];
    for (let life = 0; settled.size < COUNT && life < 20; life += 1) {
      const consumer = new SpecConsumer(events, name, {
        credits: 20,
        onEvent({ position, aggregateId, version }) {
          const before = highest.get(aggregateId) ?? 0n;
          if (settled.has(position)) problems.push(`${position} came after it was settled`);
          if (version > before + 1n) problems.push(`${version} of ${aggregateId} after ${before}`);
          if (version > before) highest.set(aggregateId, version);
          return true;
        },
      });
      const until = life < 1 ? settled.size + COUNT / 4 : COUNT;
      await waitFor(
        async () => {
          for (const position of consumer.settled) settled.add(position);
          if (settled.size >= until || consumer.failure !== undefined) return true;
          const { subscription } = await events.getSubscription({ name });
          return (
            subscription?.lag === 0n && subscription.waiting + subscription.unacknowledged === 0n
          );
        },
        { withinMs: 60_000, what: 'some events to be settled' },
      );
      if (life >= 1) {
        await consumer.finish();
        break;
      }
      const dead = once(child, 'exit');
      child.kill('SIGKILL');
      await dead;
      await consumer.ended();
      for (const position of consumer.settled) settled.add(position);
      await start();
    }
    expect(problems).toEqual([]);
    expect([...highest.values()].every((version) => version === BigInt(COUNT / 10))).toBe(true);
    const { subscription } = await events.getSubscription({ name });
    expect(subscription).toMatchObject({ waiting: 0n, unacknowledged: 0n, parked: 0n, lag: 0n });
  }, 180_000);

  it('is kept, consumed and replayed from the command line, and survives kill -9 of a consumer', async () => {
    const name = 'by-hand';
    expect(
      await novaJson('subscribe', 'create', name, 'message.sent', '--from', 'beginning'),
    ).toMatchObject({
      name,
      strategy: 'round-robin',
      filter: { event_types: ['message_created'] },
    });
    const peeked = nova('subscribe', 'consume', name, '--peek', '--credits', '3', '-o', 'json');
    expect((await peeked.ends()).code).toBe(0);
    const first = nova('subscribe', 'consume', name, '-n', '20', '-o', 'json');
    expect((await first.ends()).code).toBe(0);
    const acknowledged = idsIn(first.lines());
    expect(acknowledged).toHaveLength(20);
    expect(acknowledged).toEqual(expect.arrayContaining(idsIn(peeked.lines())));
    const killed = nova('subscribe', 'consume', name, '-o', 'json');
    await waitFor(() => killed.lines().length >= 30, {
      withinMs: 20_000,
      what: 'some more events',
    });
    killed.process.kill('SIGKILL');
    await killed.ends();
    const rest: string[] = [];
    const consumer = new SpecConsumer(events, name, {
      onEvent: ({ eventId }) => rest.push(eventId) > 0,
    });
    await waitFor(
      async () => {
        const { subscription } = await events.getSubscription({ name });
        return (
          subscription?.lag === 0n && subscription.waiting + subscription.unacknowledged === 0n
        );
      },
      { withinMs: 60_000, what: 'the rest to be settled' },
    );
    await consumer.finish();
    expect(rest.filter((id) => acknowledged.includes(id))).toEqual([]);
    const seen = new Set([...acknowledged, ...idsIn(killed.lines()), ...rest]);
    expect(seen.size).toBe(COUNT);
    expect(await novaJson('subscribe', 'show', name)).toMatchObject({
      name,
      lag: '0',
      parked: '0',
    });
    const dry = ['replay', 'subscription', name, '--from', 'beginning', '--dry-run'];
    expect(await novaJson(...dry)).toEqual({ events: { message_created: String(COUNT) } });
    expect((await nova('subscribe', 'stop', name).ends()).code).toBe(2);
    await novaJson('subscribe', 'stop', name, '--reason', 'done');
    expect((await nova('subscribe', 'consume', name).ends()).code).toBe(1);
    expect(await novaJson('subscribe', 'delete', name)).toEqual({ deleted: name });
  }, 180_000);
});
