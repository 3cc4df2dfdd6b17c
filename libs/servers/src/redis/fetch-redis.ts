import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type Environment, processEnvironment } from '@nova/config';
import { messageOf, NovaError } from '@nova/errors';
import { errors } from '../errors.ts';
import { defined } from '../java/find-java.ts';
import { indented, lastLinesOf } from '../log-tail.ts';
import { runProgram } from '../run-program.ts';
import {
  askVersion,
  findRedis,
  type RedisProgram,
  redisFolder,
  unpackedRedis,
} from './redis-program.ts';

/** Debian's packages with the server's program, and the libraries of it that few systems have. */
const PACKAGES = ['redis-server', 'redis-tools', 'libjemalloc2', 'liblzf1', 'libatomic1'];
const FETCH_WITHIN_MS = 180_000;

/** How Redis is looked for. */
export interface EnsureRedisOptions {
  readonly onLine?: (line: string) => void;
  readonly environment?: Environment;
}

/**
 * Finds a Redis server, or fetches Debian's packages with apt and unpacks them into the cache:
 * nothing is installed, no daemon is started, and no rights are needed. apt compares each package
 * with the signed lists of the distribution; what does not run afterwards is not kept. Once cached,
 * no network is needed.
 *
 * @throws SERVERS_REDIS_MISSING with what to do, SERVERS_CACHE_READ_ONLY
 */
export async function ensureRedis(
  cacheDir: string,
  options: EnsureRedisOptions = {},
): Promise<RedisProgram> {
  const { environment = processEnvironment } = options;
  const found = await findRedis(cacheDir, environment);
  if ('version' in found) return found;
  const fetched = await fetchRedis(cacheDir, options);
  if ('version' in fetched) return fetched;
  const reason = `${found.problem}; ${fetched.problem}`;
  throw new NovaError(errors.SERVERS_REDIS_MISSING, { reason, remedy: redisRemedy() });
}

/** The line that gets a Redis onto this machine. */
export function redisRemedy(platform: NodeJS.Platform = process.platform): string {
  if (platform === 'darwin') return 'Install it: brew install redis.';
  return 'Install redis-server (Debian: apt-get install redis-server), so that it is in PATH.';
}

async function fetchRedis(
  cacheDir: string,
  options: EnsureRedisOptions,
): Promise<RedisProgram | { problem: string }> {
  const work = workFolder(cacheDir);
  try {
    const problem = await download(work, options);
    if (problem !== undefined) return { problem };
    const fresh = unpackedRedis(join(work, 'root'));
    if (fresh === undefined) return { problem: 'the packages of apt hold no redis-server' };
    const asked = await askVersion(fresh, options.environment);
    if ('problem' in asked) return asked;
    moveInPlace(join(work, 'root'), redisFolder(cacheDir));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return findRedis(cacheDir, options.environment);
}

// The lists of the machine first. A fresh image has none, and old ones name packages that are gone:
// then lists of our own, which need no rights either.
async function download(work: string, options: EnsureRedisOptions): Promise<string | undefined> {
  const own = [`Dir::State::Lists=${join(work, 'lists')}`, `Dir::Cache=${join(work, 'cache')}`];
  const ownLists = own.flatMap((setting) => ['-o', setting]);
  for (const folder of ['debs', 'lists/partial', 'cache/archives/partial']) {
    mkdirSync(join(work, folder), { recursive: true });
  }
  options.onLine?.(`fetching Redis: apt-get download ${PACKAGES.join(' ')}`);
  const direct = await run('apt-get', ['download', ...PACKAGES], work, options);
  if (!direct.ok) {
    await run('apt-get', [...ownLists, 'update'], work, options);
    const again = await run('apt-get', [...ownLists, 'download', ...PACKAGES], work, options);
    if (!again.ok) return `apt-get download: ${again.end}${indented(again.lines)}`;
  }
  for (const name of readdirSync(join(work, 'debs'))) {
    const unpacked = await run('dpkg-deb', ['-x', name, join(work, 'root')], work, options);
    if (!unpacked.ok) return `dpkg-deb -x ${name}: ${unpacked.end}${indented(unpacked.lines)}`;
  }
  return undefined;
}

async function run(file: string, args: string[], work: string, options: EnsureRedisOptions) {
  const { environment = processEnvironment, onLine } = options;
  const result = await runProgram(file, args, {
    env: { ...defined(environment), DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' },
    cwd: join(work, 'debs'),
    withinMs: FETCH_WITHIN_MS,
    ...(onLine === undefined ? {} : { onLine }),
  });
  return { ok: result.ok, end: result.end, lines: lastLinesOf(result.output, 5) };
}

function workFolder(cacheDir: string): string {
  try {
    mkdirSync(cacheDir, { recursive: true });
    return mkdtempSync(join(cacheDir, 'redis-new-'));
  } catch (thrown) {
    const params = { path: cacheDir, reason: messageOf(thrown) };
    throw new NovaError(errors.SERVERS_CACHE_READ_ONLY, params, { cause: thrown });
  }
}

// In one step, so that nothing half there is ever found; what stands there does not run.
function moveInPlace(fresh: string, folder: string): void {
  const old = `${fresh}-${basename(folder)}-old`;
  try {
    if (existsSync(folder)) renameSync(folder, old);
    renameSync(fresh, folder);
  } catch (thrown) {
    // Another process was first.
    if (!existsSync(join(folder, 'usr/bin/redis-server'))) throw thrown;
  }
}
