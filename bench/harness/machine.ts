import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { KAFKA_VERSION } from '@nova/servers';
import { openPool } from './databases.ts';
import type { BenchServers } from './servers.ts';

/** Where figures come from. */
export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGib: number;
  readonly system: string;
  readonly node: string;
  readonly postgres: string;
  readonly kafka: string;
  /** The last one that changed something of what is measured, and whether it is changed since. */
  readonly commit: string;
  /** Of one minute, when the run began. */
  readonly loadAtStart: number;
  /** Settings of PostgreSQL on which figures depend. */
  readonly settings: Readonly<Record<string, string>>;
}

const SETTINGS = [
  'fsync',
  'synchronous_commit',
  'shared_buffers',
  'max_wal_size',
  'full_page_writes',
];

/** Of the repository, what figures depend on: not the words of a report or a finding. */
const MEASURED = ['libs', 'services', 'proto', 'patches'];

/** Looks at the machine and at the servers of this run. */
export async function describeMachine({ postgres }: BenchServers): Promise<Machine> {
  const database = openPool(postgres.url, 1);
  try {
    const [version] = await database.query<{ server_version: string }>('SHOW server_version');
    const rows = await database.query<{ name: string; setting: string }>(
      'SELECT name, current_setting(name) AS setting FROM pg_settings WHERE name = ANY ($1)',
      [SETTINGS],
    );
    return {
      processor: cpus()[0]?.model ?? 'unknown',
      cores: availableParallelism(),
      memoryGib: Math.round(totalmem() / 2 ** 30),
      system: `${process.platform} ${release()}`,
      node: process.version,
      postgres: version?.server_version ?? 'unknown',
      kafka: KAFKA_VERSION,
      commit: commitOf(join(import.meta.dirname, '..', '..')),
      loadAtStart: loadavg()[0] ?? 0,
      settings: Object.fromEntries(rows.map(({ name, setting }) => [name, setting])),
    };
  } finally {
    await database.close();
  }
}

function commitOf(root: string): string {
  const git = (...args: readonly string[]) =>
    execFileSync('git', ['-C', root, ...args], { stdio: ['ignore', 'pipe', 'ignore'] })
      .toString()
      .trim();
  try {
    const status = git('status', '--porcelain', '--untracked-files=no', '--', ...MEASURED);
    const last = git('log', '-1', '--format=%h', '--', ...MEASURED);
    return `${last}${status === '' ? '' : ', changed'}`;
  } catch {
    // No repository, or no git.
    return 'unknown';
  }
}
