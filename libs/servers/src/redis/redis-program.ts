import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Environment, processEnvironment } from '@nova/config';
import { baseEnvironment } from '../base-environment.ts';
import { runProgram } from '../run-program.ts';

/** The oldest Redis that has every command that `@nova/redis` uses. */
export const MINIMUM_REDIS = 6;

/** A Redis server that runs on this machine. */
export interface RedisProgram {
  readonly file: string;
  readonly version: string;
  /** Folders of libraries that the system lacks; '' where it has them all. */
  readonly libraryPath: string;
}

/** Where `fetchRedis` keeps the unpacked packages. */
export function redisFolder(cacheDir: string): string {
  return join(cacheDir, `redis-debian-${process.arch}`);
}

/** Finds a Redis server: the one in PATH, then the one of the cache. Asks it for its version. */
export async function findRedis(
  cacheDir: string,
  environment: Environment = processEnvironment,
): Promise<RedisProgram | { readonly problem: string }> {
  const installed = (environment['PATH'] ?? '')
    .split(':')
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, 'redis-server'))
    .filter((path) => existsSync(path))
    .map((file) => ({ file, libraryPath: '' }));
  const cached = unpackedRedis(redisFolder(cacheDir));
  const problems: string[] = [];
  for (const candidate of [...installed, ...(cached === undefined ? [] : [cached])]) {
    const found = await askVersion(candidate, environment);
    if ('version' in found) return found;
    problems.push(found.problem);
  }
  return { problem: problems.join('; ') || 'there is no redis-server in PATH' };
}

/** The server among unpacked packages, whatever the folders of the system's libraries are called. */
export function unpackedRedis(
  folder: string,
): Pick<RedisProgram, 'file' | 'libraryPath'> | undefined {
  const file = join(folder, 'usr/bin/redis-server');
  if (!existsSync(file)) return undefined;
  const libraries = ['lib', 'usr/lib'].flatMap((base) => {
    const path = join(folder, base);
    if (!existsSync(path)) return [];
    const inside = readdirSync(path, { withFileTypes: true }).filter((entry) =>
      entry.isDirectory(),
    );
    return [path, ...inside.map(({ name }) => join(path, name))];
  });
  return { file, libraryPath: libraries.join(':') };
}

/** Asks an unpacked or installed server for its version, which shows that all its libraries load. */
export async function askVersion(
  { file, libraryPath }: Pick<RedisProgram, 'file' | 'libraryPath'>,
  environment: Environment = processEnvironment,
): Promise<RedisProgram | { readonly problem: string }> {
  const env = redisEnvironment(libraryPath, environment);
  const result = await runProgram(file, ['--version'], { env, withinMs: 10_000 });
  const version = /v=(\d+\.\d+\.\d+)/.exec(result.output)?.[1];
  if (!result.ok || version === undefined) {
    const said = result.output.trim().split('\n')[0] ?? '';
    return { problem: `${file} does not run (${result.end}${said === '' ? '' : `: ${said}`})` };
  }
  if (Number(version.split('.')[0]) < MINIMUM_REDIS) {
    return { problem: `${file} is Redis ${version}, older than ${MINIMUM_REDIS}` };
  }
  return { file, libraryPath, version };
}

/** The environment of the server: that of all servers, and its libraries where it brings some. */
export function redisEnvironment(
  libraryPath: string,
  environment: Environment = processEnvironment,
): Record<string, string> {
  const base = baseEnvironment({}, environment);
  const path = [libraryPath, base['LD_LIBRARY_PATH'] ?? ''].filter((part) => part !== '').join(':');
  return path === '' ? base : { ...base, LD_LIBRARY_PATH: path };
}
