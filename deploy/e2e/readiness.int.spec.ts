import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type PrivatePostgres,
  privatePostgres,
  type TestProcess,
  type TestStack,
  testStack,
  waitFor,
} from '@nova/testkit';

const WITHIN_MS = 5000;

let postgres: PrivatePostgres;
let stack: TestStack;
let messaging: TestProcess;
let log: TestProcess;

beforeAll(async () => {
  postgres = await privatePostgres();
  stack = await testStack();
  log = stack.log;
  const service = await stack.service('messaging');
  messaging = await service.start({ NOVA_MESSAGING_DATABASE_URL: postgres.url });
}, 180_000);
afterAll(async () => {
  postgres.resume();
  signal('SIGCONT');
  await stack.remove();
  await postgres.remove();
}, 60_000);

function signal(name: NodeJS.Signals): void {
  const pid = log.pid();
  if (pid !== undefined) process.kill(pid, name);
}

/** What messaging-service says of its parts, by their names. */
async function partsOf(): Promise<ReadonlyMap<string, string>> {
  const answer = await fetch(`${messaging.opsUrl}/health/ready`);
  // Its form is that of libs/service-kit/src/ops-server.ts.
  const { parts } = (await answer.json()) as { parts: { name: string; condition: string }[] };
  return new Map(parts.map(({ name, condition }) => [name, condition]));
}

const shows = (part: string, wanted: string, withinMs = WITHIN_MS) =>
  waitFor(async () => (await partsOf()).get(part) === wanted, {
    withinMs,
    what: `${part} is ${wanted}`,
  });

/** Statuses of liveness and readiness. */
async function answered(): Promise<number[]> {
  const [live, ready] = await Promise.all(
    ['live', 'ready'].map((path) => fetch(`${messaging.opsUrl}/health/${path}`)),
  );
  return [live?.status ?? 0, ready?.status ?? 0];
}

describe('a service that consumes', () => {
  it('says within 5 s that events-service is paused, goes on answering, and says when it is back', async () => {
    await shows('events-service', 'ready', 15_000);
    signal('SIGSTOP');
    await shows('events-service', 'degraded');
    expect(await answered()).toEqual([200, 200]);
    signal('SIGCONT');
    await shows('events-service', 'ready');
  }, 60_000);

  it('says within 5 s that events-service is gone, and within 5 s that it is back', async () => {
    await shows('events-service', 'ready', 15_000);
    await log.kill();
    await shows('events-service', 'degraded');
    expect(await answered()).toEqual([200, 200]);
    log = await stack.logAgain();
    await shows('events-service', 'ready');
    expect(await answered()).toEqual([200, 200]);
  }, 90_000);

  it('has no trouble left once its database is back', async () => {
    await shows('consumer', 'ready', 15_000);
    postgres.pause();
    // Each is told by something of its own, in any order.
    await Promise.all([shows('postgres', 'down'), shows('consumer', 'degraded')]);
    expect(await answered()).toEqual([200, 503]);
    postgres.resume();
    await shows('postgres', 'ready');
    // What failed at its own time shows that it works at the next: at the latest after a minute.
    await shows('consumer', 'ready', 75_000);
  }, 120_000);
});
