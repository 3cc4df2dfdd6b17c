import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Environment, processEnvironment } from '@nova/config';
import { messageOf, NovaError } from '@nova/errors';
import { systemClock } from '@nova/time';
import { errors } from '../errors.ts';
import { defined } from '../java/find-java.ts';
import { indented, lastLinesOf } from '../log-tail.ts';
import { runProgram } from '../run-program.ts';

/** Version of the embedded Kafka. */
export const KAFKA_VERSION = '4.3.1';
// Pinned like everything else: another version may name the files differently.
const PLUGIN = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1';
const FETCH_WITHIN_MS = 300_000;

/** Jars that belong together: pom.xml and jars.lock in a folder of this package. */
export interface JarList {
  readonly name: string;
  readonly version: string;
  readonly sources: string;
}

function jarList(name: string, version: string): JarList {
  const sources = fileURLToPath(new URL(`../../${name}-jars/`, import.meta.url));
  return { name, version, sources };
}

const KAFKA = jarList('kafka', KAFKA_VERSION);
/** Kafka Connect with Debezium, for tests that are run on request. */
export const DEBEZIUM: JarList = jarList('debezium', '3.7.0');

/** A jar that must be there, as jars.lock names it. */
export interface LockedJar {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** The locked list: one line a jar, `sha256 bytes name`. */
export function lockedJars(
  text = readFileSync(join(KAFKA.sources, 'jars.lock'), 'utf8'),
): LockedJar[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [sha256 = '', bytes = '', name = ''] = line.split(' ');
      if (!/^[0-9a-f]{64}$/.test(sha256) || !/^\d+$/.test(bytes) || !/^[\w.-]+\.jar$/.test(name)) {
        throw new TypeError(`jars.lock: not understood: ${line}`);
      }
      return { name, bytes: Number(bytes), sha256 };
    });
}

/** The folder of the cache in which the locked jars live; its name holds the lock's own hash. */
export function kafkaJarsDir(cacheDir: string): string {
  return jarsDir(cacheDir, KAFKA);
}

function lockedOf({ sources }: JarList): LockedJar[] {
  return lockedJars(readFileSync(join(sources, 'jars.lock'), 'utf8'));
}

function jarsDir(cacheDir: string, list: JarList): string {
  const hash = createHash('sha256')
    .update(JSON.stringify(lockedOf(list)))
    .digest('hex');
  return join(cacheDir, `${list.name}-${list.version}-${hash.slice(0, 12)}`);
}

/** Differences between a folder and the locked list: missing, wrong size, wrong hash, unknown. */
export function jarDifferences(
  folder: string,
  { hashes }: { readonly hashes: boolean },
  locked = lockedJars(),
): string[] {
  const present = new Set(existsSync(folder) ? readdirSync(folder) : []);
  const differences: string[] = [];
  for (const jar of locked) {
    const path = join(folder, jar.name);
    if (!present.delete(jar.name)) differences.push(`${jar.name} is missing`);
    else if (statSync(path).size !== jar.bytes) differences.push(`${jar.name} has another size`);
    else if (hashes && sha256Of(path) !== jar.sha256) {
      differences.push(`${jar.name} has another SHA-256`);
    }
  }
  return [...differences, ...[...present].map((name) => `${name} is not on the list`)];
}

/** True when the jars are cached: then neither Maven nor the network is needed. */
export function hasKafkaJars(cacheDir: string): boolean {
  return hasJars(KAFKA, cacheDir);
}

/** True when the jars of a list are cached. */
export function hasJars(list: JarList, cacheDir: string): boolean {
  return jarDifferences(jarsDir(cacheDir, list), { hashes: false }, lockedOf(list)).length === 0;
}

/** How the jars are fetched. */
export interface EnsureJarsOptions {
  /** Path of mvn; needed only when the jars are not cached. */
  readonly maven: string | undefined;
  readonly onLine?: (line: string) => void;
  readonly environment?: Environment;
}

/** The folder with the jars of Kafka; see {@link ensureJars}. */
export function ensureKafkaJars(cacheDir: string, options: EnsureJarsOptions): Promise<string> {
  return ensureJars(KAFKA, cacheDir, options);
}

/**
 * The folder with the jars of a list. Fetched with Maven once per machine user, compared with the
 * locked list, then moved into the cache in one step: an interrupted fetch leaves nothing that
 * looks complete, and two at once do not disturb each other.
 *
 * @throws SERVERS_MAVEN_MISSING, SERVERS_JARS_UNAVAILABLE, SERVERS_JARS_DIFFER,
 *   SERVERS_CACHE_READ_ONLY
 */
export async function ensureJars(
  list: JarList,
  cacheDir: string,
  options: EnsureJarsOptions,
): Promise<string> {
  const folder = jarsDir(cacheDir, list);
  if (hasJars(list, cacheDir)) return folder;
  if (options.maven === undefined) {
    throw new NovaError(errors.SERVERS_MAVEN_MISSING, { reason: 'not looked for', remedy: '' });
  }
  const work = workFolder(cacheDir, list);
  try {
    await fetchJars(list, options.maven, work, options);
    const differences = jarDifferences(work, { hashes: true }, lockedOf(list));
    if (differences.length > 0) {
      throw new NovaError(errors.SERVERS_JARS_DIFFER, {
        name: list.name,
        differences: differences.slice(0, 5).join(', '),
      });
    }
    moveInPlace(work, folder, () => hasJars(list, cacheDir));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return folder;
}

function workFolder(cacheDir: string, { name }: JarList): string {
  try {
    mkdirSync(cacheDir, { recursive: true });
    removeAbandoned(cacheDir, `${name}-new-`);
    return mkdtempSync(join(cacheDir, `${name}-new-`));
  } catch (thrown) {
    throw new NovaError(
      errors.SERVERS_CACHE_READ_ONLY,
      { path: cacheDir, reason: messageOf(thrown) },
      { cause: thrown },
    );
  }
}

// What a killed fetch left. A fetch that is under way is younger.
function removeAbandoned(cacheDir: string, prefix: string): void {
  const oldest = systemClock.now().getTime() - 12 * FETCH_WITHIN_MS;
  for (const name of readdirSync(cacheDir).filter((entry) => entry.startsWith(prefix))) {
    const path = join(cacheDir, name);
    const { mtimeMs = oldest } = statSync(path, { throwIfNoEntry: false }) ?? {};
    if (mtimeMs < oldest) rmSync(path, { recursive: true, force: true });
  }
}

async function fetchJars(
  { name, version, sources }: JarList,
  maven: string,
  work: string,
  options: EnsureJarsOptions,
): Promise<void> {
  // Maven writes beside the pom: a checkout may be read-only, so it gets a copy.
  const project = mkdtempSync(`${work}-pom-`);
  cpSync(join(sources, 'pom.xml'), join(project, 'pom.xml'));
  const flags = ['-B', '-ntp', '-f', join(project, 'pom.xml'), `${PLUGIN}:copy-dependencies`];
  const settings = ['-DincludeScope=runtime', `-DoutputDirectory=${work}`, '-Dstyle.color=never'];
  // A user without a home folder has no place for Maven's own cache.
  if (!isWritable(userInfo().homedir)) settings.push(`-Dmaven.repo.local=${work}-m2`);
  const result = await runProgram(maven, [...flags, ...settings], {
    env: defined(options.environment ?? processEnvironment),
    withinMs: FETCH_WITHIN_MS,
    ...(options.onLine === undefined ? {} : { onLine: options.onLine }),
  }).finally(() => {
    for (const folder of [project, `${work}-m2`]) rmSync(folder, { recursive: true, force: true });
  });
  if (!result.ok) {
    throw new NovaError(errors.SERVERS_JARS_UNAVAILABLE, {
      name,
      version,
      end: result.end,
      lines: indented(reasonsOf(result.output)),
    });
  }
}

/** What Maven says went wrong, without its advice on how to run it with other flags. */
export function reasonsOf(output: string): string[] {
  const lines = lastLinesOf(output, 200);
  const reasons = lines.filter(
    (line) =>
      line.startsWith('[ERROR] ') &&
      !/\[ERROR\] (To see|Re-run|For more information|\[Help)/.test(line),
  );
  return (reasons.length > 0 ? reasons : lines).slice(0, 5);
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function moveInPlace(work: string, folder: string, isComplete: () => boolean): void {
  // What stands there is damaged, else it would have been used.
  if (!isComplete()) rmSync(folder, { recursive: true, force: true });
  try {
    renameSync(work, folder);
  } catch (thrown) {
    // Another process was first.
    if (!isComplete()) throw thrown;
  }
}

function sha256Of(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}
