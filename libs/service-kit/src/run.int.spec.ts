import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';

/** A service whose one part behaves as its settings say. */
const MAIN = `
import { setting } from '${new URL('../../config/src/index.ts', import.meta.url)}';
import { defineService, runService } from '${new URL('./index.ts', import.meta.url)}';
const say = (text) => process.stdout.write(text + '\\n');
await runService(defineService({
  name: 'try-service',
  ports: process.argv.includes('--grpc') ? { grpc: 0, ops: 0 } : { ops: 0 },
  settings: {
    secret: setting.string({ env: 'NOVA_TRY_SECRET', doc: 'a secret', default: 'quiet', secret: true }),
    behaviour: setting.string({ env: 'NOVA_TRY_BEHAVIOUR', doc: 'what the part does', default: 'good' }),
  },
  commands: { greet: { doc: 'say hello', run: async () => say('hello') } },
  build({ config, crash }) {
    const { behaviour } = config;
    return {
      parts: [
        { name: 'first', start: async () => say('first starts'), stop: async () => say('first stops') },
        {
          name: 'second',
          async start() {
            if (behaviour === 'broken') throw new Error('cannot start');
            say('second starts');
            if (behaviour === 'rejects') void Promise.reject(new Error('nobody caught this'));
            if (behaviour === 'throws') setImmediate(() => { throw new Error('thrown outside'); });
            if (behaviour === 'crashes') setImmediate(() => crash(new Error('cannot go on')));
          },
          stop: () => behaviour === 'hangs' ? new Promise(() => setInterval(() => {}, 1000)) : Promise.resolve(say('second stops')),
        },
      ],
      probes: [],
    };
  },
}), process.argv.slice(2).filter((word) => word !== '--grpc'));
`;

// Each spec starts processes, on machines that may be busy.
jest.setTimeout(30_000);

let folder = '';
const children: ChildProcess[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nova-service-kit-'));
  writeFileSync(join(folder, 'main.mjs'), MAIN);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

function run(environment: Record<string, string> = {}, ...args: string[]) {
  const child = spawn(process.execPath, [join(folder, 'main.mjs'), ...args], {
    // Shared by all of them, so that only the first compiles.
    env: { NOVA_MODE: 'development', NODE_COMPILE_CACHE: join(folder, 'compiled'), ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  children.push(child);
  let output = '';
  let notify = () => {};
  const take = (bytes: Buffer) => {
    output += bytes.toString();
    notify();
  };
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  const ended = once(child, 'close').then(([code]) => ({ code: Number(code), output }));
  return {
    child,
    ended,
    /** Resolves when the output contains the text; the timeout of the spec is the deadline. */
    async says(text: string) {
      while (!output.includes(text)) {
        await new Promise<void>((resolve) => {
          notify = resolve;
        });
      }
      return output;
    },
  };
}

describe('runService', () => {
  it('reports every wrong setting, and opens nothing', async () => {
    const { ended } = run({ NOVA_MODE: 'x', NOVA_OPS_PORT: 'y', NOVA_TRY_SECRET: '' });
    const { code, output } = await ended;
    expect(code).toBe(1);
    for (const name of ['NOVA_MODE', 'NOVA_OPS_PORT', 'NOVA_TRY_SECRET']) {
      expect(output).toContain(name);
    }
    expect(output).not.toContain('first starts');
  });

  it('prints help, effective settings with secrets masked, and refuses other words', async () => {
    const [help, printed, wrong] = await Promise.all([
      run({}, '--help').ended,
      run({ NOVA_TRY_SECRET: 'hunter2' }, '--print-config').ended,
      run({}, '--typo').ended,
    ]);
    expect(help).toMatchObject({ code: 0, output: expect.stringContaining('--greet') });
    expect(printed).toMatchObject({ code: 0, output: expect.stringContaining('NOVA_OPS_PORT') });
    expect(printed.output).not.toContain('hunter2');
    expect(wrong).toMatchObject({ code: 2, output: expect.stringContaining('--typo') });
  });

  it('runs a command instead of serving', async () => {
    const { code, output } = await run({}, '--greet').ended;
    expect({ code, hello: output.includes('hello') }).toEqual({ code: 0, hello: true });
    expect(output).not.toContain('first starts');
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('drains in reverse at %s and exits 0', async (signal) => {
    const { child, says, ended } = run();
    await says('service is serving');
    child.kill(signal);
    const { code, output } = await ended;
    expect(code).toBe(0);
    expect(output.indexOf('second stops')).toBeGreaterThan(0);
    expect(output.indexOf('first stops')).toBeGreaterThan(output.indexOf('second stops'));
  });

  it('stops when its supervisor is gone, and only when it is supervised', async () => {
    const alone = run();
    await alone.says('service is serving');
    alone.child.stdin?.end();
    const supervised = run({ NOVA_SUPERVISED: '1' });
    await supervised.says('service is serving');
    supervised.child.stdin?.end();
    expect((await supervised.ended).code).toBe(0);
    expect(alone.child.exitCode).toBeNull();
  });

  it('ends after the drain time although a part hangs', async () => {
    const { child, says, ended } = run({
      NOVA_TRY_BEHAVIOUR: 'hangs',
      NOVA_DRAIN_TIMEOUT_MS: '300',
    });
    await says('service is serving');
    child.kill('SIGTERM');
    const { code, output } = await ended;
    expect({ code, told: output.includes('NOVA_SERVICE_DRAIN_TIMEOUT') }).toEqual({
      code: 1,
      told: true,
    });
  });

  it('does not wait any longer at a second signal', async () => {
    const { child, says, ended } = run({ NOVA_TRY_BEHAVIOUR: 'hangs' });
    await says('service is serving');
    child.kill('SIGTERM');
    await says('service is draining');
    child.kill('SIGTERM');
    expect((await ended).code).toBe(1);
  });

  it('stops what it started when a part cannot start', async () => {
    const { code, output } = await run({ NOVA_TRY_BEHAVIOUR: 'broken' }).ended;
    expect(code).toBe(1);
    expect(output).toContain('first stops');
    expect(output).toContain('cannot start');
  });

  it.each([
    ['rejects', 'service crashed', 'nobody caught this'],
    ['throws', 'service crashed', 'thrown outside'],
    ['crashes', 'part crashed', 'cannot go on'],
  ])('logs and exits 1 when a part %s', async (behaviour, msg, text) => {
    const { code, output } = await run({ NOVA_TRY_BEHAVIOUR: behaviour }).ended;
    // A line of the log: Node tells of it in its own way, too.
    const told = output.split('\n').filter((line) => line.includes(`"msg":"${msg}"`));
    expect({ code, told }).toEqual({ code: 1, told: [expect.stringContaining(text)] });
  });

  it('does not serve in production without knowing callers', async () => {
    const { code, output } = await run({ NOVA_MODE: 'production' }, '--grpc').ended;
    expect(code).toBe(1);
    expect(output).toContain('NOVA_RPC_IDENTITY_MISSING');
    expect(output).not.toContain('first starts');
  });
});
