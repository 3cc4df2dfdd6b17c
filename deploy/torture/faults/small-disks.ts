import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  type PrivateKafka,
  type PrivatePostgres,
  privateLinkedKafka,
  privatePostgres,
  type TestDatabase,
  testDatabase,
} from '@nova/testkit';
import type { Sources } from '../checker/look.ts';
import type { Verdict } from '../checker/verdict.ts';
import { HistoryFile } from '../load/history-file.ts';
import { judged } from '../planted/run-planted.ts';
import { Disk } from './disk.ts';
import { ServiceProcess } from './service-process.ts';

/** They take no more memory than what is on them. */
const MEGABYTES = 1024;

/** A folder with disks that may be full, each by itself. */
export interface SmallDisks {
  readonly folder: string;
  /** PostgreSQL's, but for its write-ahead log. */
  readonly data: Disk;
  readonly wal: Disk;
  readonly kafka: Disk;
  close(): void;
}

/** Makes them; undefined where this user may mount nothing. */
export function openSmallDisks(): SmallDisks | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'nova-disks-'));
  // PostgreSQL is another user.
  chmodSync(folder, 0o755);
  const disks: Disk[] = [];
  const close = () => {
    for (const disk of disks) disk.close();
    rmSync(folder, { recursive: true, force: true });
  };
  for (const name of ['data', 'wal', 'kafka']) {
    const disk = Disk.open(join(folder, name), MEGABYTES);
    if (disk !== undefined) disks.push(disk);
  }
  const [data, wal, kafka] = disks;
  if (data !== undefined && wal !== undefined && kafka !== undefined) {
    return { folder, data, wal, kafka, close };
  }
  close();
  return undefined;
}

/** The log and its relay as processes, over servers on such disks. */
export interface LogOnSmallDisks {
  readonly postgres: PrivatePostgres;
  readonly kafka: PrivateKafka;
  readonly store: TestDatabase;
  readonly events: ServiceProcess;
  readonly relay: ServiceProcess;
  readonly history: HistoryFile;
  /** What the checker says of the log and of its topics. */
  judge(): Promise<Verdict>;
  close(): Promise<void>;
}

/** Resolves when events-service and relay are ready (6 to 15 s). */
export async function startLogOn({
  folder,
  data,
  wal,
  kafka: broker,
}: SmallDisks): Promise<LogOnSmallDisks> {
  const endings: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const end of endings.reverse()) await end();
  };
  try {
    const [postgres, kafka] = await Promise.all([
      privatePostgres({ below: data.path }),
      privateLinkedKafka([], broker.path),
    ]);
    endings.push(
      () => postgres.remove(),
      () => kafka.remove(),
    );
    await moveWal(postgres, wal.path);
    const store = await testDatabase({ on: postgres, poolSize: 2 });
    endings.push(() => store.drop());
    const processes = await startProcesses(folder, store.url, kafka.brokers.join(','), endings);
    const history = new HistoryFile(join(folder, 'history.jsonl'));
    history.write({ kind: 'run', seed: 0, commit: '' });
    const sources: Sources = { log: store.url, brokers: kafka.brokers.join(','), views: [] };
    writeFileSync(join(folder, 'sources.json'), JSON.stringify(sources));
    return {
      ...{ postgres, kafka, store, history, close, ...processes },
      judge: () => judged(history.path, join(folder, 'sources.json')),
    };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

/** As whoever gives the write-ahead log a disk of its own does it, but for the clean stop. */
async function moveWal(postgres: PrivatePostgres, to: string): Promise<void> {
  await postgres.kill();
  const from = join(dirname(postgres.logFile), 'data', 'pg_wal');
  // Keeps the owner.
  execFileSync('mv', [from, to]);
  symlinkSync(join(to, 'pg_wal'), from);
  await postgres.restart();
}

async function startProcesses(
  folder: string,
  databaseUrl: string,
  brokers: string,
  endings: (() => Promise<unknown>)[],
) {
  const prepare = async (name: string, main: string) => {
    const process = await ServiceProcess.prepare({
      name,
      main,
      folder: 'services/events-service',
      logFile: join(folder, name),
      environment: {
        NOVA_EVENTS_DATABASE_URL: databaseUrl,
        NOVA_KAFKA_BROKERS: brokers,
        NOVA_RELAY_LEASE_MS: '2000',
        NOVA_RELAY_RENEW_INTERVAL_MS: '500',
        NOVA_KAFKA_SEND_DEADLINE_MS: '4000',
        NOVA_LOG_LEVEL: 'warn',
        NODE_COMPILE_CACHE: join(folder, 'compiled'),
      },
    });
    endings.push(() => process.end('SIGKILL'));
    return process;
  };
  const [events, relay] = [
    await prepare('events', 'main.ts'),
    await prepare('relay', 'relay-main.ts'),
  ];
  events.start('--migrate');
  if ((await events.ended()) !== 0) throw new Error('the log could not be migrated');
  for (const one of [events, relay]) one.start();
  for (const one of [events, relay]) await one.ready();
  return { events, relay };
}
