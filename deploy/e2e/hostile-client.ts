import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { EventsService } from '@nova/proto/gen/events/events_service_pb';
import { type Client, createClient } from '@nova/rpc';
import { testStack } from '@nova/testkit';
import { sleep } from '@nova/time';

/** What one caller may do, in calls a second. */
const LIMIT = 100;
/** What the honest one does. */
const HONEST = 50;
/** How much more than its limit the hostile one tries. */
const TIMES_OVER = 10;
const PHASE_MS = 10_000;
const WARM_UP_MS = 5000;

/** An honest caller's answers, with a hostile one beside it and without. */
export interface HostileReport {
  /** Median of the rounds, in milliseconds. */
  readonly p99Alone: number;
  /** Beside one who calls as often as it may. */
  readonly p99BesideFair: number;
  readonly p99Beside: number;
  /** Of every round, in milliseconds. */
  readonly rounds: readonly Round[];
  /** Calls of the honest one that failed. */
  readonly failed: number;
  /** What the hostile one was answered in all rounds. */
  readonly hostile: HostileCount;
}

type Round = readonly [alone: number, besideFair: number, beside: number];

/** What a hostile client did; `hostile-main.ts` prints it. */
export interface HostileCount {
  /** Calls that it should have made by then, and those that it got to. */
  readonly due: number;
  readonly sent: number;
  readonly ok: number;
  /** Answered RESOURCE_EXHAUSTED, with the time after which to try again. */
  readonly refused: number;
  /** All else, by what it was. */
  readonly others: Readonly<Record<string, number>>;
}

/**
 * Publishes as an honest caller for some seconds, then beside one that calls as often as it may, then
 * beside one that calls ten times as often and never waits; so many rounds of the three, so that what
 * else the machine does falls on each.
 */
export async function besideHostileClient(rounds: number): Promise<HostileReport> {
  const stack = await testStack({
    NOVA_RPC_RATE_PER_SECOND: String(LIMIT),
    NOVA_LOG_LEVEL: 'error',
  });
  const user = randomUUID();
  const client = createClient(EventsService, {
    address: stack.log.address,
    deadlineMs: 10_000,
    metadata: { 'x-user-id': user, 'x-nova-roles': 'writer' },
  });
  const hostile = { due: 0, sent: 0, ok: 0, refused: 0 };
  const others: Record<string, number> = {};
  const measured: Round[] = [];
  let failed = 0;
  const measure = async (forMs: number) => {
    const taken = await publishFor(client, user, forMs);
    failed += taken.failed;
    return p99Of(taken.ms);
  };
  const besideOther = async (perSecond: number): Promise<[p99: number, counted: HostileCount]> => {
    const child = startOther(stack.log.address, perSecond);
    await sleep(1000);
    return [await measure(PHASE_MS), await stopOther(child)];
  };
  try {
    await measure(WARM_UP_MS);
    for (let round = 0; round < rounds; round += 1) {
      const alone = await measure(PHASE_MS);
      const [besideFair] = await besideOther(LIMIT);
      const [beside, counted] = await besideOther(LIMIT * TIMES_OVER);
      for (const name of ['due', 'sent', 'ok', 'refused'] as const) hostile[name] += counted[name];
      for (const [what, count] of Object.entries(counted.others))
        others[what] = (others[what] ?? 0) + count;
      measured.push([alone, besideFair, beside]);
    }
    return {
      p99Alone: medianOf(measured.map(([alone]) => alone)),
      p99BesideFair: medianOf(measured.map(([, besideFair]) => besideFair)),
      p99Beside: medianOf(measured.map(([, , beside]) => beside)),
      rounds: measured,
      failed,
      hostile: { ...hostile, others },
    };
  } finally {
    client.close();
    await stack.remove();
  }
}

/** Publishes at an even rate, whether answers come or not. */
async function publishFor(client: Client<typeof EventsService>, user: string, forMs: number) {
  const ms: number[] = [];
  let [sent, failed] = [0, 0];
  const calls: Promise<void>[] = [];
  const startedMs = performance.now();
  for (let passed = 0; passed < forMs; passed = performance.now() - startedMs) {
    for (; sent < (passed / 1000) * HONEST; sent += 1) {
      // From when it was due: what is late because of another one counts.
      const dueMs = startedMs + (sent / HONEST) * 1000;
      calls.push(
        publishOne(client, user).then(
          () => void ms.push(performance.now() - dueMs),
          () => {
            failed += 1;
          },
        ),
      );
    }
    await sleep(1);
  }
  await Promise.all(calls);
  return { ms, failed };
}

async function publishOne(client: Client<typeof EventsService>, user: string): Promise<void> {
  const id = randomUUID();
  await client.publishEvent({
    eventType: 'message_created',
    aggregateId: id,
    payload: { message_id: id, sender_id: user, content: 'hello' },
  });
}

function startOther(address: string, perSecond: number): ChildProcess {
  const args = [
    join(import.meta.dirname, 'hostile-main.ts'),
    address.slice(address.lastIndexOf(':') + 1),
    randomUUID(),
    String(perSecond),
  ];
  return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
}

async function stopOther(child: ChildProcess): Promise<HostileCount> {
  const chunks: Buffer[] = [];
  child.stdout?.on('data', (bytes: Buffer) => chunks.push(bytes));
  child.kill('SIGTERM');
  await once(child, 'close');
  // Written by hostile-main.ts.
  return JSON.parse(Buffer.concat(chunks).toString()) as HostileCount;
}

function p99Of(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return Math.round((sorted[Math.ceil(sorted.length * 0.99) - 1] ?? Number.NaN) * 10) / 10;
}

function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
