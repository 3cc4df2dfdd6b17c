import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { processEnvironment } from '@nova/config';
import { waitFor } from '@nova/testkit';
import { prepareStack, root } from './stack.ts';

const OFFSET = 7000;
const BASE = ['postgres', 'kafka', 'redis', 'events-service', 'relay'];
const PARTS = [...BASE, 'messaging-service', 'notification-service', 'search-service'];
/** Of the services with views one stands for all; crash.e2e.spec.ts kills each of them. */
const KILLED = [...BASE, 'search-service'];

/** What of `nova status -o json` is looked at here. */
interface Status {
  readonly running: boolean;
  readonly state_directory: string;
  readonly supervisor_pid: number;
  readonly memory_bytes: number;
  readonly backlog: { readonly pending: string; readonly head: string };
  readonly parts: readonly {
    readonly name: string;
    readonly state: string;
    readonly pid: number;
    readonly address: string;
    readonly health: string;
    readonly memory_bytes: number;
    readonly restarts: number;
  }[];
}

const stack = prepareStack(OFFSET);

async function status(): Promise<{ code: number; report: Status }> {
  const { code, stdout } = await stack.nova('status', '-o', 'json');
  // The shape that `Status` describes is what these specs assert.
  return { code, report: JSON.parse(stdout) as Status };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function up(): Promise<string> {
  const { code, stdout, stderr } = await stack.nova('up', '--detach');
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

async function livePids(): Promise<{ supervisor: number; parts: number[]; all: number[] }> {
  const { report } = await status();
  const parts = report.parts.map(({ pid }) => pid);
  return { supervisor: report.supervisor_pid, parts, all: [report.supervisor_pid, ...parts] };
}

async function gone(pids: readonly number[]): Promise<void> {
  await waitFor(() => !pids.some(isAlive), { withinMs: 15_000, what: 'the end of all processes' });
}

/** Stores an event with the line that `up` printed, and returns its id. */
async function publishAsPrinted(printed: string): Promise<string> {
  const line = printed.split('\n').find((each) => each.trim().startsWith('grpcurl ')) ?? '';
  const { code, stdout, stderr } = await stack.shell(
    line.replace(`:${stack.port(50051)}`, ':50051'),
  );
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  // The answer of PublishEvent in proto JSON.
  return (JSON.parse(stdout) as { event: { eventId: string } }).event.eventId;
}

async function isStored(eventId: string): Promise<boolean> {
  const request = JSON.stringify({ event_id: eventId });
  const { code } = await stack.shell(
    `grpcurl -plaintext -d '${request}' localhost:50051 events.EventsService/GetEvent`,
  );
  return code === 0;
}

afterAll(() => stack.remove(), 60_000);

describe('nova up --detach', () => {
  let printed = '';
  let eventId = '';

  beforeAll(async () => {
    printed = await up();
  }, 180_000);

  it('returns when every part answers and says where', async () => {
    const { report } = await status();
    expect(report.running).toBe(true);
    expect(report.parts.map(({ name, state }) => ({ name, state }))).toEqual(
      PARTS.map((name) => ({ name, state: 'running' })),
    );
    // A probe that fails once on a busy machine is no part that does not answer.
    await waitFor(
      async () => {
        const told = await status();
        const health = told.report.parts.map((part) => part.health);
        const { pending } = told.report.backlog;
        expect({ code: told.code, health, pending }).toEqual({
          code: 0,
          health: PARTS.map(() => 'healthy'),
          pending: '0',
        });
        return true;
      },
      { withinMs: 30_000, what: 'healthy parts' },
    );
    for (const part of report.parts) {
      // Bytes, not KiB or pages: Redis has some 5 MiB, less where the kernel takes pages back.
      expect(part.memory_bytes).toBeGreaterThan(1024 * 1024);
      expect(isAlive(part.pid)).toBe(true);
    }
    for (const port of [50051, 50052, 50053, 50054, 9092, 54320])
      expect(printed).toContain(`:${stack.port(port)}`);
    expect(report.memory_bytes).toBeLessThan(2 * 1024 ** 3);
  }, 90_000);

  it('prints a grpcurl line that works as it stands', async () => {
    eventId = await publishAsPrinted(printed);
    expect(await isStored(eventId)).toBe(true);
  }, 30_000);

  it('leaves a running stack alone and says so', async () => {
    const before = await livePids();
    expect(await up()).toContain('already running');
    expect(await livePids()).toEqual(before);
  }, 30_000);

  it.each(KILLED)(
    'starts %s again after kill -9 and shows its last log lines',
    async (name) => {
      const before = (await status()).report.parts.find((part) => part.name === name);
      // 0 would be this process and its group.
      if (!before?.pid) throw new Error(`${name} has no process`);
      process.kill(before.pid, 'SIGKILL');
      const after = await waitFor(
        async () => {
          const { report } = await status();
          const part = report.parts.find((each) => each.name === name);
          const isBack = part?.state === 'running' && part.pid !== before.pid;
          return report.running && isBack && part;
        },
        { withinMs: 90_000, what: `${name} after kill -9`, everyMs: 250 },
      );
      expect(after.restarts).toBe(1);
      const { stdout } = await stack.nova('logs', 'supervisor', '-n', '200');
      expect(stdout).toMatch(new RegExp(`part ended by itself name=${name} .*signal=SIGKILL`));
      expect(stdout).toMatch(new RegExp(`part is back name=${name}`));
    },
    120_000,
  );

  it('comes back after kill -9 of everything, with all data', async () => {
    const { all } = await livePids();
    for (const pid of all) process.kill(pid, 'SIGKILL');
    await gone(all);
    expect((await status()).code).toBe(1);
    printed = await up();
    expect(await isStored(eventId)).toBe(true);
  }, 180_000);

  it('leaves no child behind when its supervisor is killed', async () => {
    const { supervisor, parts } = await livePids();
    process.kill(supervisor, 'SIGKILL');
    await gone(parts);
    const doctor = await stack.nova('doctor');
    expect(doctor.stdout).toContain('ended without stopping');
  }, 60_000);

  it('is stopped by down within 15 seconds, as often as one likes', async () => {
    await up();
    const { all } = await livePids();
    const { code, stdout } = await stack.nova('down', '-o', 'json');
    // The shape of `nova down -o json`.
    const told = JSON.parse(stdout) as { outcome: string; duration_ms: number };
    expect({ code, outcome: told.outcome }).toEqual({ code: 0, outcome: 'drained' });
    expect(told.duration_ms).toBeLessThan(15_000);
    await gone(all);
    const again = await stack.nova('down');
    expect(again).toMatchObject({ code: 0, stdout: 'nothing was running\n' });
  }, 240_000);
});

describe('nova up that cannot start', () => {
  it('names a busy port, its setting and the process that has it', async () => {
    const server = createServer().listen(stack.port(50051), '127.0.0.1');
    await once(server, 'listening');
    try {
      const { code, stderr } = await stack.nova('up', '--detach');
      expect(code).toBe(1);
      expect(stderr).toContain(`port ${stack.port(50051)}`);
      expect(stderr).toContain('--port-offset');
      expect(stderr).toContain(`process ${process.pid}`);
      const doctor = await stack.nova('doctor');
      expect(doctor.code).toBe(1);
      expect(doctor.stdout).toMatch(new RegExp(`wrong port ${stack.port(50051)} .*${process.pid}`));
    } finally {
      server.close();
    }
  }, 60_000);

  it('shows the last log lines of what failed and leaves nothing running', async () => {
    const { report } = await status();
    const meta = join(report.state_directory, 'data', 'kafka', 'log', 'meta.properties');
    const sound = readFileSync(meta, 'utf8');
    writeFileSync(meta, sound.replace('node.id=1', 'node.id=2'));
    try {
      const { code, stderr } = await stack.nova('up', '--detach');
      expect(code).toBe(1);
      expect(stderr).toContain('kafka did not start');
      expect(stderr).toMatch(/Stored node id 2 doesn't match/);
      const after = await status();
      expect(after.code).toBe(1);
      expect(after.report.parts.map(({ state }) => state)).toEqual(PARTS.map(() => 'stopped'));
    } finally {
      writeFileSync(meta, sound);
    }
  }, 120_000);
});

describe('nova up in the foreground', () => {
  it('stays until Ctrl-C, then drains and leaves nothing behind', async () => {
    const child = spawn(join(root, 'nova'), ['up', '--port-offset', String(OFFSET)], {
      cwd: root,
      env: { ...processEnvironment, ...stack.environment },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let printed = '';
    child.stdout.on('data', (text: Buffer) => {
      printed += text.toString();
    });
    const exited = once(child, 'exit');
    await waitFor(() => printed.includes('everything answers'), {
      withinMs: 120_000,
      what: 'nova up',
    });
    const { all } = await livePids();
    child.kill('SIGINT');
    expect(await exited).toEqual([0, null]);
    await gone(all);
  }, 180_000);
});

describe('nova reset', () => {
  it('forgets all data, and only that of its own stack', async () => {
    const { report } = await status();
    const { code } = await stack.nova('reset', '--yes');
    expect(code).toBe(0);
    expect(existsSync(join(report.state_directory, 'data'))).toBe(false);
    expect(existsSync(report.state_directory)).toBe(true);
  }, 60_000);
});

describe('nova with a typo', () => {
  it.each([
    [['statsu'], /did you mean status/],
    [['up', '--detatch'], /did you mean --detach/],
    [['logs', 'kafak'], /no log of 'kafak'/],
  ])('says what was meant by %j and exits with 2', async (words, meant) => {
    const { code, stderr } = await stack.nova(...words);
    expect(code).toBe(2);
    expect(stderr).toMatch(meant);
  });

  it.each(['up', 'down', 'reset', 'status', 'logs', 'doctor', 'test'])(
    'has help with examples for %s',
    async (verb) => {
      const { code, stdout } = await stack.nova(verb, '--help');
      expect(code).toBe(0);
      expect(stdout).toContain(`./nova ${verb}`);
      expect(stdout).toContain('--port-offset');
    },
  );
});
