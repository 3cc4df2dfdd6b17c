import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { processEnvironment } from '@nova/config';
import { freePorts } from '@nova/servers';
import { testKafka } from './spec-servers.ts';
import { type TestDatabase, testDatabase } from './test-database.ts';
import { waitFor } from './wait-for.ts';

const SERVICES = join(import.meta.dirname, '../../../services');
const TELEMETRY = pathToFileURL(join(import.meta.dirname, '../../telemetry/src/register.ts')).href;
/** Topics are created at the first start of a run; everything compiles then, too. */
const READY_WITHIN_MS = 45_000;

/** A process of a service, run as in production but for its mode and its ports. */
export interface TestProcess {
  /** host:port of its gRPC. */
  readonly address: string;
  /** Base of `/metrics` and `/health/…`. */
  readonly opsUrl: string;
  /** Undefined once it has ended. */
  pid(): number | undefined;
  /** What it logged so far. */
  output(): string;
  /** Ends it like kill -9, and resolves when it is gone. */
  kill(): Promise<void>;
  /** Lets it drain. */
  stop(): Promise<void>;
}

/** A consuming service with a database that outlives its processes. */
export interface TestService {
  readonly database: TestDatabase;
  /** Starts a process; resolves when it is ready and its consumer runs. */
  start(environment?: Readonly<Record<string, string>>): Promise<TestProcess>;
}

/** The log with its relay on a database of their own, and services over it. */
export interface TestStack {
  /** events-service. */
  readonly log: TestProcess;
  readonly relay: TestProcess;
  /** Starts another instance of events-service beside it; resolves when it is ready. */
  anotherLog(): Promise<TestProcess>;
  /** Starts events-service at the address of `log`, which has ended; resolves when it is ready. */
  logAgain(): Promise<TestProcess>;
  /** Database of the log. */
  readonly database: TestDatabase;
  /** Makes the tables of a log in another database. */
  migrateLog(url: string): Promise<void>;
  /** For example `notification`: services/notification-service. */
  service(area: string): Promise<TestService>;
  /** Ends all processes and forgets the databases. */
  remove(): Promise<void>;
}

/**
 * Starts events-service and its relay as processes, over the shared PostgreSQL and Kafka. Topics are
 * shared with other specs: events of their logs arrive too, and are dropped as of another epoch.
 *
 * @param environment of every process: another mode, for one.
 * @param on a PostgreSQL other than the shared one for the log, such as one of `privatePostgres()`.
 */
export async function testStack(
  environment: Readonly<Record<string, string>> = {},
  on?: { readonly url: string },
): Promise<TestStack> {
  const folder = mkdtempSync(join(tmpdir(), 'nova-stack-'));
  const { brokers } = await testKafka();
  const database = await testDatabase(on === undefined ? {} : { on });
  const processes: Running[] = [];
  const databases = [database];
  const shared = {
    NOVA_KAFKA_BROKERS: brokers.join(','),
    NODE_COMPILE_CACHE: join(folder, 'c'),
    ...environment,
  };
  const run = async (service: string, main: string, more: Record<string, string>) => {
    const started = await launch(service, main, { ...shared, ...more });
    processes.push(started);
    return started;
  };
  const remove = async () => {
    // Consumers before the log, so that they leave their groups in order.
    for (const one of processes.reverse()) await one.stop();
    for (const one of databases) await one.drop();
    rmSync(folder, { recursive: true, force: true });
  };
  const migrateLog = (url: string) => migrated({ ...shared, NOVA_EVENTS_DATABASE_URL: url });
  try {
    const own = { NOVA_EVENTS_DATABASE_URL: database.url };
    await migrateLog(database.url);
    const startLog = (more: Record<string, string> = {}) =>
      run('events-service', 'main.ts', { ...own, ...more }).then(untilReady);
    const log = await startLog();
    const relay = await run('events-service', 'relay-main.ts', own).then(untilReady);
    return {
      log,
      relay,
      database,
      migrateLog,
      remove,
      anotherLog: () => startLog(),
      logAgain: () => startLog({ NOVA_GRPC_PORT: log.address.split(':')[1] ?? '' }),
      async service(area) {
        const store = await testDatabase();
        databases.push(store);
        return {
          database: store,
          start: (own = {}) =>
            run(`${area}-service`, 'main.ts', {
              [`NOVA_${area.toUpperCase()}_DATABASE_URL`]: store.url,
              NOVA_EVENTS_URL: log.address,
              ...own,
            }).then(untilConsuming),
        };
      },
    };
  } catch (thrown) {
    await remove();
    throw thrown;
  }
}

async function migrated(environment: Record<string, string>): Promise<void> {
  const migration = spawnMain('events-service', 'main.ts', environment, '--migrate');
  if ((await exitOf(migration)) !== 0) throw new Error('the log could not be migrated');
}

async function untilReady(started: Running): Promise<Running> {
  await started.ready();
  return started;
}

async function untilConsuming(started: Running): Promise<Running> {
  await started.ready();
  await started.consuming();
  return started;
}

interface Running extends TestProcess {
  ready(): Promise<void>;
  consuming(): Promise<void>;
}

async function launch(
  service: string,
  main: string,
  environment: Record<string, string>,
): Promise<Running> {
  const [grpc = 0, ops = 0] = await freePorts(2);
  const all = { NOVA_GRPC_PORT: String(grpc), NOVA_OPS_PORT: String(ops), ...environment };
  const child = spawnMain(service, main, all);
  const chunks: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (bytes: Buffer) => chunks.push(bytes.toString()));
  }
  const output = () => chunks.join('');
  const opsUrl = `http://127.0.0.1:${ops}`;
  const end = async (signal: NodeJS.Signals) => {
    const ended = exitOf(child);
    child.kill(signal);
    await ended;
  };
  const until = async (what: string, holds: () => Promise<boolean>) => {
    const name = `${what} of ${service}/${main}`;
    await waitFor(async () => hasEnded(child) || (await holds()), {
      withinMs: READY_WITHIN_MS,
      what: name,
      everyMs: 50,
    });
    if (hasEnded(child)) throw new Error(`no ${name}, it has ended: ${output()}`);
  };
  return {
    address: `127.0.0.1:${all.NOVA_GRPC_PORT}`,
    opsUrl,
    pid: () => (hasEnded(child) ? undefined : child.pid),
    output,
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
    async ready() {
      await until('readiness', async () => (await fetch(`${opsUrl}/health/ready`)).ok);
    },
    async consuming() {
      await until('consuming', async () => {
        const answer = await fetch(`${opsUrl}/health/cqrs`);
        return (await answer.text()).includes('"phase":"running"');
      });
    },
  };
}

function spawnMain(
  service: string,
  main: string,
  environment: Record<string, string>,
  ...args: string[]
): ChildProcess {
  const flags = ['--import', TELEMETRY, join('src', main), ...args];
  const { PATH = '' } = processEnvironment;
  return spawn(process.execPath, flags, {
    cwd: join(SERVICES, service),
    env: { PATH, NOVA_MODE: 'development', NOVA_SUPERVISED: '1', ...environment },
    // Standard input ends with this process, and then the service does.
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

async function exitOf(child: ChildProcess): Promise<number | null> {
  if (!hasEnded(child)) await once(child, 'exit');
  return child.exitCode;
}
