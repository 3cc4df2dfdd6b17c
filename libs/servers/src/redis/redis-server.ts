import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exchange } from '../exchange.ts';
import type { ServerProcess } from '../server-process.ts';
import { type RedisProgram, redisEnvironment } from './redis-program.ts';

/** What a local Redis needs to know. */
export interface RedisOptions {
  readonly dataDir: string;
  readonly port: number;
  /** From `ensureRedis`. */
  readonly program: Pick<RedisProgram, 'file' | 'libraryPath'>;
  /** Most memory it may take, in MB; 64 by default. When it is full, the key used longest ago goes. */
  readonly memoryMb?: number;
}

/**
 * Redis on 127.0.0.1 only, without a password and without files: nova keeps nothing in it that is
 * not also elsewhere, so an empty one after a restart is right, and an old one would be wrong.
 */
export function redisServer({
  dataDir,
  port,
  program,
  memoryMb = 64,
}: RedisOptions): ServerProcess {
  const configuration = join(dataDir, 'redis.conf');
  return {
    name: 'redis',
    stopSignal: 'SIGTERM',
    prepare() {
      mkdirSync(dataDir, { recursive: true, mode: 0o700 });
      const lines = [
        ...['bind 127.0.0.1 -::1', `port ${port}`, 'protected-mode yes', 'daemonize no'],
        ...['save ""', 'appendonly no', `maxmemory ${memoryMb}mb`, 'maxmemory-policy allkeys-lru'],
      ];
      writeFileSync(configuration, `${lines.join('\n')}\n`, { mode: 0o600 });
      return Promise.resolve();
    },
    command: () => ({
      file: program.file,
      args: [configuration],
      env: redisEnvironment(program.libraryPath),
      cwd: dataDir,
    }),
    ready: () => askRedis(port),
  };
}

/** Asks a server for a sign of life. @throws SERVERS_NO_ANSWER */
async function askRedis(port: number): Promise<void> {
  await exchange({
    name: 'Redis',
    port,
    request: Buffer.from('PING\r\n', 'latin1'),
    read(received) {
      const text = received.toString('latin1');
      if (!text.endsWith('\r\n')) return undefined;
      if (text !== '+PONG\r\n') throw new Error(`it said ${text.trim().slice(0, 100)}`);
      return true;
    },
  });
}
