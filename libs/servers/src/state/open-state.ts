import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Environment, processEnvironment } from '@nova/config';
import { NovaError } from '@nova/errors';
import { errors } from '../errors.ts';
import { type PortPlan, portPlan } from '../ports.ts';
import { type DatabaseAccount, SUPERUSER } from '../postgres/roles.ts';
import { writeWhole } from './write-whole.ts';

/** Format of the state folder. It changes when a folder of before can no longer be used. */
export const STATE_FORMAT = 1;

/** Databases of `conventions` §1, each with a role of the same name. */
export const DATABASES = [
  'nova_events',
  'nova_messaging',
  'nova_notification',
  'nova_search',
  'nova_community',
  'nova_task',
  'nova_galaxy',
] as const;

/** Name of a database and of the role that owns it. */
export type DatabaseName = (typeof DATABASES)[number];

/** Where a local nova keeps its data, logs, passwords and addresses. */
export interface StateFolder {
  readonly directory: string;
  readonly dataDirectory: string;
  readonly logDirectory: string;
  /** For what is true only while it runs: pids, locks. */
  readonly runDirectory: string;
  readonly portOffset: number;
  readonly ports: PortPlan;
  readonly superuserPassword: string;
  /** All databases with the passwords of their roles, as `postgresServer` wants them. */
  readonly accounts: readonly DatabaseAccount[];
  /** Connection URL of a database as its own role. */
  databaseUrl(name: DatabaseName): string;
}

/** Which state folder is meant. */
export interface StateChoice {
  /** Root of the checkout. */
  readonly checkout: string;
  readonly portOffset: number;
  readonly environment?: Environment;
}

/**
 * Everything in a state folder that `reset` removes. Folders of other offsets live beside it and
 * stay.
 */
export const STATE_ENTRIES: readonly string[] = [
  'data',
  'logs',
  'run',
  'version.json',
  'credentials.json',
  'endpoints.json',
  'env',
];

/** The path of a state folder; `NOVA_STATE_DIR` moves it. Creates nothing. */
export function stateDirectory(choice: StateChoice): string {
  const { checkout, portOffset, environment = processEnvironment } = choice;
  const given = environment['NOVA_STATE_DIR'];
  const base = given ? resolve(given) : join(checkout, '.nova');
  return portOffset === 0 ? base : join(base, `offset-${portOffset}`);
}

/**
 * Opens a state folder, making it where it is missing: version stamp and a random password per
 * role (credentials.json, readable by this user only).
 *
 * @throws SERVERS_STATE_OTHER_VERSION when the folder is of a format that this version cannot use.
 */
export function openState(choice: StateChoice): StateFolder {
  const directory = stateDirectory(choice);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  checkVersion(directory);
  const passwords = readCredentials(directory);
  const ports = portPlan(choice.portOffset);
  const passwordOf = (role: string) => passwords.get(role) ?? '';
  return {
    directory,
    dataDirectory: join(directory, 'data'),
    logDirectory: join(directory, 'logs'),
    runDirectory: join(directory, 'run'),
    portOffset: choice.portOffset,
    ports,
    superuserPassword: passwordOf(SUPERUSER),
    accounts: DATABASES.map((name) => ({ name, password: passwordOf(name) })),
    databaseUrl: (name) =>
      `postgres://${name}:${passwordOf(name)}@localhost:${ports.postgres}/${name}`,
  };
}

/** The format of an existing state folder: undefined when there is none, or it is empty. */
export function stateFormat(directory: string): string | undefined {
  const path = join(directory, 'version.json');
  if (!existsSync(path)) return existsSync(join(directory, 'data')) ? 'unknown' : undefined;
  const parsed = parse(path);
  return 'format' in parsed ? String(parsed['format']) : 'unknown';
}

function checkVersion(directory: string): void {
  const found = stateFormat(directory);
  if (found === undefined) {
    writeWhole(join(directory, 'version.json'), `${JSON.stringify({ format: STATE_FORMAT })}\n`);
  } else if (found !== String(STATE_FORMAT)) {
    const params = { path: directory, found, wanted: STATE_FORMAT };
    throw new NovaError(errors.SERVERS_STATE_OTHER_VERSION, params);
  }
}

// Roles of a later version are added; a lost file means new passwords, which postgresServer sets.
function readCredentials(directory: string): ReadonlyMap<string, string> {
  const path = join(directory, 'credentials.json');
  const found: Record<string, unknown> = existsSync(path) ? parse(path) : {};
  const passwords = new Map<string, string>();
  for (const role of [SUPERUSER, ...DATABASES]) {
    const known = found[role];
    const usable = typeof known === 'string' && /^[0-9a-zA-Z_-]{8,}$/.test(known);
    passwords.set(role, usable ? known : randomBytes(18).toString('hex'));
  }
  const text = `${JSON.stringify(Object.fromEntries(passwords), undefined, 2)}\n`;
  if (!existsSync(path) || readFileSync(path, 'utf8') !== text) writeWhole(path, text);
  return passwords;
}

function parse(path: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(readFileSync(path, 'utf8'));
    // Any object will do: its members are checked where they are read.
    if (typeof parsed === 'object' && parsed !== null) return parsed as Record<string, unknown>;
  } catch {
    // Cut off by a crash or written by hand: as if it held nothing.
  }
  return {};
}

/** Port offsets that have a state folder beside this one, for messages and `reset`. */
export function otherOffsets(choice: StateChoice): number[] {
  const base = stateDirectory({ ...choice, portOffset: 0 });
  if (!existsSync(base)) return [];
  return readdirSync(base)
    .map((name) => Number(/^offset-(\d+)$/.exec(name)?.[1]))
    .filter((offset) => offset !== choice.portOffset && !Number.isNaN(offset));
}
