import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { portHolder } from '@nova/servers';
import { type PrivateRedis, privateRedis } from '@nova/testkit';
import { errors } from '../errors.ts';
import { ensureRedis, redisRemedy } from './fetch-redis.ts';
import { findRedis } from './redis-program.ts';

const base = mkdtempSync(join(tmpdir(), 'nova-redis-'));
afterAll(() => rmSync(base, { recursive: true, force: true }));

function program(folder: string, name: string, text: string): { PATH: string } {
  mkdirSync(join(base, folder), { recursive: true });
  writeFileSync(join(base, folder, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  return { PATH: `${join(base, folder)}:/usr/bin:/bin` };
}

const only = (folder: string) => ({ PATH: join(base, folder) });
const cacheOf = (name: string) => join(base, `cache-${name}`);
const SERVER = 'echo Redis server v=7.0.15 sha=0';
const asPackage = (server: string) => `case "$1" in
    -x) mkdir -p "$3/usr/bin"; printf '#!/bin/sh\\n${server}\\n' > "$3/usr/bin/redis-server"
        chmod 755 "$3/usr/bin/redis-server";;
  esac`;

describe('ensureRedis', () => {
  it('takes the one of the system, and refuses one that is too old', async () => {
    program('system', 'redis-server', SERVER);
    const found = await ensureRedis(cacheOf('system'), { environment: only('system') });
    expect(found).toMatchObject({ version: '7.0.15', libraryPath: '' });
    program('old', 'redis-server', 'echo Redis server v=5.0.3 sha=0');
    expect(await findRedis(cacheOf('old'), only('old'))).toEqual({
      problem: expect.stringMatching(/is Redis 5\.0\.3, older than 6$/),
    });
  });

  it('unpacks what apt brings, also where the lists of the machine are empty, and keeps it', async () => {
    program('apt', 'dpkg-deb', asPackage(SERVER));
    const environment = program(
      'apt',
      'apt-get',
      // Only with lists of its own, which `update` has made.
      `case "$*" in
         *update*) touch ../lists/made;;
         *) [ -e ../lists/made ] || { echo 'E: Unable to locate package'; exit 100; }
            : > redis-server_7.deb;;
       esac`,
    );
    const lines: string[] = [];
    const cache = cacheOf('apt');
    const fetched = await ensureRedis(cache, { environment, onLine: (line) => lines.push(line) });
    expect(fetched.version).toBe('7.0.15');
    expect(lines[0]).toMatch(/^fetching Redis: apt-get download redis-server redis-tools/);
    expect(readdirSync(cache)).toEqual([`redis-debian-${process.arch}`]);
    // Needs apt no more.
    expect(await ensureRedis(cache, { environment: { PATH: '/usr/bin:/bin' } })).toEqual(fetched);
  });

  it('keeps nothing that does not run, and says what to do', async () => {
    program('broken', 'dpkg-deb', asPackage('echo libjemalloc.so.2: cannot open >&2; exit 127'));
    const environment = program('broken', 'apt-get', ': > redis-server_7.deb');
    await expect(ensureRedis(cacheOf('broken'), { environment })).rejects.toMatchObject({
      code: errors.SERVERS_REDIS_MISSING.code,
      message: expect.stringMatching(/exit code 127: libjemalloc\.so\.2: cannot open/),
      params: { remedy: redisRemedy() },
    });
    expect(readdirSync(cacheOf('broken'))).toEqual([]);
  });

  it('says what apt said where there is none to be had', async () => {
    const environment = program('none', 'apt-get', 'echo E: no network; exit 100');
    await expect(ensureRedis(cacheOf('none'), { environment })).rejects.toThrow(
      /no redis-server in PATH; apt-get download: exit code 100\n +E: no network/,
    );
  });
});

describe('redisServer', () => {
  let redis: PrivateRedis;
  beforeAll(async () => {
    redis = await privateRedis();
  }, 60_000);
  afterAll(() => redis.remove());

  it('is ready again after kill -9, on the same port and as the process its pid names', async () => {
    const port = Number(new URL(redis.url).port);
    expect(portHolder(port)?.pid).toBe(redis.pid);
    await redis.kill();
    expect(portHolder(port)).toBeUndefined();
    await redis.restart();
    expect(portHolder(port)?.pid).toBe(redis.pid);
  }, 30_000);
});
