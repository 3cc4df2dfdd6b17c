import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync, realpathSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { NovaError } from '@nova/errors';
import { sleep, systemClock } from '@nova/time';
import { errors } from '../errors.ts';

/** A server that a dead supervisor's guard is still ending gets this long to be gone. */
const LEAVE_WITHIN_MS = 12_000;

/**
 * Makes a data folder startable after kill -9 of its server. Three things can be in the way:
 *
 *   a server still there   its supervisor was killed and the guard is ending it: wait
 *   old backends           they hold the shared memory, and the new server would refuse to start;
 *                          without their server they are to end anyway: end them
 *   a stale postmaster.pid naming a pid that now belongs to another program (after a restart of
 *                          machine or container): the server would believe it is running: delete
 *
 * @throws SERVERS_DATA_IN_USE when a server keeps running in the folder.
 */
export async function clearLeftovers(dataDir: string): Promise<void> {
  const lockFile = join(dataDir, 'postmaster.pid');
  if (!existsSync(lockFile)) return;
  const pid = Number(readFileSync(lockFile, 'utf8').split('\n')[0]);
  const giveUpAt = systemClock.monotonicMs() + LEAVE_WITHIN_MS;
  while (isPostgresIn(pid, dataDir)) {
    if (systemClock.monotonicMs() > giveUpAt) {
      throw new NovaError(errors.SERVERS_DATA_IN_USE, { path: dataDir, pid });
    }
    await sleep(50);
  }
  for (const backend of processesIn(dataDir)) kill(backend);
  while (processesIn(dataDir).length > 0 && systemClock.monotonicMs() < giveUpAt) await sleep(20);
  rmSync(lockFile, { force: true });
}

function isPostgresIn(pid: number, dataDir: string): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  if (process.platform !== 'linux') {
    const { stdout } = spawnSync('ps', ['-p', String(pid), '-o', 'command='], { encoding: 'utf8' });
    return stdout.includes('postgres') && stdout.includes(dataDir);
  }
  return processesIn(dataDir).includes(pid);
}

/** Processes of PostgreSQL whose working folder is the data folder: the server and its backends. */
function processesIn(dataDir: string): number[] {
  if (process.platform !== 'linux') return [];
  const real = realpathSync(dataDir);
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const program = basename(readlinkSync(`/proc/${pid}/exe`)).replace(' (deleted)', '');
        return program === 'postgres' && readlinkSync(`/proc/${pid}/cwd`) === real;
      } catch {
        // Gone in between, or of another user.
        return false;
      }
    });
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone in between.
  }
}
