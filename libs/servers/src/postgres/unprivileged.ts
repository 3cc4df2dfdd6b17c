import { spawnSync } from 'node:child_process';
import { chownSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { NovaError } from '@nova/errors';
import { errors } from '../errors.ts';

/** How PostgreSQL, which refuses to run as root, is run here. */
export interface Unprivileged {
  /** Words before the program; empty when this user is not root. */
  readonly words: readonly string[];
  /** Gives a folder to the user it runs as, where that is another one. */
  own(folder: string): void;
}

/** What the choice depends on; specs give their own. */
export interface System {
  readonly isRoot: boolean;
  /** True when the program ran and ended well. */
  runs(file: string, args: readonly string[]): boolean;
}

const HERE: System = {
  isRoot: process.getuid?.() === 0,
  runs: (file, args) => spawnSync(file, args, { stdio: 'ignore', timeout: 5000 }).status === 0,
};

const USERS = ['postgres', 'nobody'];

/**
 * Chooses how to run PostgreSQL. As root, first a user namespace in which root is seen as `daemon`
 * (initdb wants a user that has a name): that needs no change of owner and works below /root. Where
 * namespaces are forbidden (some containers), an existing user, to whom the data folder is given;
 * that user must be able to reach the programs.
 *
 * @param program one that the user must be able to run
 * @param parent an existing folder through which the user must be able to pass
 * @throws SERVERS_POSTGRES_AS_ROOT
 */
export function unprivileged(program: string, parent: string, system = HERE): Unprivileged {
  if (!system.isRoot) return { words: [], own: () => {} };
  const uid = id('daemon', '-u') || '1000';
  const namespace = ['unshare', '-U', `--map-user=${uid}`, `--map-group=${uid}`];
  if (runs(system, [...namespace, program, '--version'])) {
    // The folder may still belong to a user of the other way.
    return { words: namespace, own: (folder) => giveTo('root', folder) };
  }
  const reasons = ['user namespaces are not allowed'];
  for (const user of USERS) {
    const words = switches(user).find((candidate) => runs(system, [...candidate, 'true']));
    if (words === undefined) continue;
    const unreachable = [
      { path: program, test: [program, '--version'] },
      { path: parent, test: ['test', '-x', parent] },
    ].find(({ test }) => !runs(system, [...words, ...test]));
    if (unreachable === undefined) return { words, own: (folder) => giveTo(user, folder) };
    reasons.push(`user ${user} cannot reach ${unreachable.path}`);
  }
  throw new NovaError(errors.SERVERS_POSTGRES_AS_ROOT, { reason: reasons.join('; ') });
}

function runs(system: System, [file = '', ...args]: readonly string[]): boolean {
  return system.runs(file, args);
}

function switches(user: string): string[][] {
  return [
    ['setpriv', `--reuid=${user}`, '--regid', groupOf(user), '--clear-groups', '--'],
    ['runuser', '-u', user, '--'],
  ];
}

function groupOf(user: string): string {
  return id(user, '-g') || user;
}

function giveTo(user: string, folder: string): void {
  const [uid, gid] = [Number(id(user, '-u')), Number(id(user, '-g'))];
  // All or nothing was given before: the folder's own owner tells.
  if (statSync(folder).uid === uid) return;
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    chownSync(join(folder, name), uid, gid);
  }
  chownSync(folder, uid, gid);
}

function id(user: string, flag: string): string {
  return spawnSync('id', [flag, user], { encoding: 'utf8' }).stdout?.trim() ?? '';
}
