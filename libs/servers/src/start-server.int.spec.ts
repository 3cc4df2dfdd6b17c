import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@nova/testkit';
import { baseEnvironment } from './base-environment.ts';
import { errors } from './errors.ts';
import { exchange } from './exchange.ts';
import { lastLines } from './log-tail.ts';
import { portHolder } from './port-holder.ts';
import { freePorts, isPortFree, requireFreePorts } from './ports.ts';
import { reservePorts } from './reserve-ports.ts';
import type { ServerProcess } from './server-process.ts';
import { startServer } from './start-server.ts';

const base = mkdtempSync(join(tmpdir(), 'nova-start-'));
afterAll(() => rmSync(base, { recursive: true, force: true }));

function server(script: string, ready: () => Promise<void>): ServerProcess {
  return {
    name: 'sample',
    stopSignal: 'SIGTERM',
    prepare: () => Promise.resolve(),
    command: () => ({ file: 'sh', args: ['-c', script], env: baseEnvironment(), cwd: base }),
    ready,
  };
}

const never = () => Promise.reject(new Error('not yet'));
const logFile = join(base, 'deep/folder/log');

describe('startServer', () => {
  it('fails at once with the last lines when the server ends before it answers', async () => {
    const started = performance.now();
    const dies = server('echo one; echo two >&2; exit 3', never);
    await expect(startServer(dies, { logFile, readyWithinMs: 60_000 })).rejects.toMatchObject({
      code: errors.SERVERS_EXITED.code,
      message: expect.stringMatching(/exit code 3\).*\n +one\n +two$/s),
    });
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  it('does not show lines of an earlier start', async () => {
    const silent = server('exit 4', never);
    await expect(startServer(silent, { logFile })).rejects.toMatchObject({
      message: expect.stringMatching(/its last lines: \(none\)$/),
    });
  });

  it('ends a server that never answers, and says what it answered last', async () => {
    const silent = server('echo starting; exec sleep 1000', async () => {
      const hasBegun = () => lastLines(logFile, 1).includes('starting');
      await waitFor(hasBegun, { withinMs: 30_000, what: 'its first line' });
      return never();
    });
    await expect(startServer(silent, { logFile, readyWithinMs: 300 })).rejects.toMatchObject({
      code: errors.SERVERS_NOT_READY.code,
      message: expect.stringMatching(/within 300 ms \(not yet\).*starting/s),
    });
  });

  it('names a program that does not exist', async () => {
    const missing: ServerProcess = {
      ...server('', never),
      command: () => ({ file: '/nowhere/at-all', args: [], env: baseEnvironment(), cwd: base }),
    };
    await expect(startServer(missing, { logFile })).rejects.toMatchObject({
      code: errors.SERVERS_EXITED.code,
      message: expect.stringContaining('/nowhere/at-all'),
    });
  });

  it('stops with force when the stop signal does not help', async () => {
    const deaf = async () => {
      if (lastLines(logFile, 1)[0] !== 'deaf') throw new Error('not yet');
    };
    const stubborn = server("trap '' TERM; echo deaf; while :; do sleep 1; done", deaf);
    const running = await startServer(stubborn, { logFile });
    expect(await running.stop(200)).toEqual({ code: null, signal: 'SIGKILL' });
    expect(await running.stop(200)).toEqual({ code: null, signal: 'SIGKILL' });
  });
});

describe('ports', () => {
  let other: Server;
  let port: number;

  beforeAll(async () => {
    [port = 0] = await freePorts(1);
    // Accepts and never answers, as a paused server does.
    other = createServer((socket) => socket.on('error', () => {}));
    await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve));
  });

  afterAll(() => {
    other.close();
  });

  it('tells a busy port and the process that has it', async () => {
    expect(await isPortFree(port)).toBe(false);
    expect(portHolder(port)).toMatchObject({ pid: process.pid });
    const wanted = { port, what: 'Kafka', setting: '--port-offset' };
    await expect(requireFreePorts([wanted])).rejects.toMatchObject({
      code: errors.SERVERS_PORT_BUSY.code,
      message: expect.stringMatching(
        new RegExp(
          `^port ${port} \\(Kafka, --port-offset\\) is busy: process ${process.pid}, .*node`,
        ),
      ),
    });
  });

  it('waits for the end of an outgoing connection that has the port by chance', async () => {
    const near = connect({ port, host: '127.0.0.1' });
    await new Promise<void>((resolve) => near.once('connect', () => resolve()));
    const taken = near.localPort ?? 0;
    expect(await isPortFree(taken)).toBe(false);
    const wanted = { port: taken, what: 'Kafka', setting: '--port-offset' };
    const required = requireFreePorts([wanted]).then(() => near.destroyed);
    // Without TIME_WAIT, which would last a minute.
    setTimeout(() => near.resetAndDestroy(), 600);
    expect(await required).toBe(true);
  });

  // Linux gives no connection a port that a socket was bound to by name.
  const onLinux = process.platform === 'linux' ? it : it.skip;
  onLinux('has a socket bound to a reserved port, beside which a server can listen', async () => {
    const [wanted = 0] = await freePorts(1);
    const bound = () =>
      readFileSync('/proc/net/tcp', 'utf8').includes(
        ` 0100007F:${wanted.toString(16).toUpperCase()} `,
      );
    expect(bound()).toBe(false);
    const reservation = await reservePorts([wanted]);
    expect([bound(), await isPortFree(wanted)]).toEqual([true, true]);
    reservation.release();
    expect(await isPortFree(wanted)).toBe(true);
  });

  it('does not take an accepted connection for an answer', async () => {
    const request = Buffer.from('hello');
    const asked = exchange({ name: 'it', port, request, read: () => undefined, withinMs: 200 });
    await expect(asked).rejects.toMatchObject({ message: expect.stringContaining('silent for') });
  });

  it('gives different free ports', async () => {
    const ports = await freePorts(5);
    expect(new Set(ports).size).toBe(5);
    expect(await Promise.all(ports.map(isPortFree))).toEqual([true, true, true, true, true]);
  });

  it('gives two workers of jest no port that both have', async () => {
    const one = await freePorts(400, { JEST_WORKER_ID: '14' });
    const other = await freePorts(400, { JEST_WORKER_ID: '15' });
    expect(new Set([...one, ...other]).size).toBe(800);
  });
});
