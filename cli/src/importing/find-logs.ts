import type { Dirent, Stats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { messageOf } from '@nova/errors';
import { wrongUse } from '../verb.ts';

/** A file to import. */
export interface LogSource {
  /** Absolute. */
  readonly path: string;
  /** As it is shown and reported: relative to the working directory where it lies below it. */
  readonly shown: string;
  /** Name without folders; the ids are made from it. */
  readonly name: string;
  readonly network: string;
  readonly bytes: number;
  /** True when the file itself was named, false when it was found in a folder. */
  readonly named: boolean;
}

/**
 * The files that paths mean: files as they are, folders with everything in them (hidden files and
 * symbolic links to folders left out), in the order given and by name within a folder.
 *
 * @param network of all files; by default each file's is the name of its folder
 * @throws CLI_WRONG_USE for a path that does not exist, for a network that cannot be named, and for
 *   two files that would get the same ids.
 */
export async function findLogs(
  paths: readonly string[],
  network: string | undefined,
): Promise<readonly LogSource[]> {
  const sources = new Map<string, LogSource>();
  for (const path of paths) {
    for (const found of await filesOf(resolve(path), true)) {
      if (!sources.has(found.path)) sources.set(found.path, toSource(found, network));
    }
  }
  refuseSameIds([...sources.values()]);
  return [...sources.values()];
}

interface FoundFile {
  readonly path: string;
  readonly bytes: number;
  readonly named: boolean;
}

async function filesOf(path: string, named: boolean): Promise<readonly FoundFile[]> {
  const stats = await statOf(path);
  if (stats.isFile()) return [{ path, bytes: stats.size, named }];
  if (!stats.isDirectory()) throw wrongUse(`${path} is neither a file nor a folder`);
  const files: FoundFile[] = [];
  for (const entry of await entriesOf(path)) {
    const inside = join(path, entry.name);
    if (entry.name.startsWith('.')) continue;
    if (entry.isDirectory()) files.push(...(await filesOf(inside, false)));
    // A link may point to a file; pipes, sockets and links to folders are left out.
    else if (entry.isFile() || entry.isSymbolicLink()) {
      const target = await statOf(inside).catch(() => undefined);
      if (target?.isFile()) files.push({ path: inside, bytes: target.size, named: false });
    }
  }
  return files;
}

async function entriesOf(folder: string): Promise<readonly Dirent[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (thrown) {
    throw wrongUse(`the folder ${folder} cannot be read: ${messageOf(thrown)}`);
  }
}

async function statOf(path: string): Promise<Stats> {
  try {
    return await stat(path);
  } catch (thrown) {
    throw wrongUse(`${path} cannot be read: ${messageOf(thrown)}`);
  }
}

function toSource({ path, bytes, named }: FoundFile, given: string | undefined): LogSource {
  const network = given ?? basename(dirname(path));
  if (network === '') throw wrongUse(`${path} lies in no folder: name its network with --network`);
  // The parts of an id's name are separated by colons.
  if (network.includes(':')) {
    throw wrongUse(`the network ${network} contains a colon: name it with --network`);
  }
  const near = relative(process.cwd(), path);
  const shown = near.startsWith('..') ? path : near;
  return { path, shown, name: basename(path), network, bytes, named };
}

function refuseSameIds(sources: readonly LogSource[]): void {
  const seen = new Map<string, LogSource>();
  for (const source of sources) {
    const key = `${source.network}:${source.name}`;
    const other = seen.get(key);
    if (other !== undefined) {
      throw wrongUse(
        `${other.path} and ${source.path} have the same name in the network ${source.network}, ` +
          'so that they would get the same ids: import them one by one with different --network',
      );
    }
    seen.set(key, source);
  }
}
