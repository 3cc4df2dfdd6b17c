import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { processEnvironment } from '@nova/config';
import { HEAP_FLAGS } from '@nova/lifecycle';
import { freePorts } from '@nova/servers';
import { sleep } from '@nova/time';
import { keepUntilEnd } from './children.ts';
import type { Stage } from './stage.ts';

/** A service of nova as a process of its own. */
export interface RunningService {
  /** host:port of its gRPC. */
  readonly address: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** A service that keeps views. */
export type ConsumingArea = 'messaging' | 'notification' | 'search';

const SERVICES = join(import.meta.dirname, '..', '..', 'services');
const READY_WITHIN_MS = 60_000;

type Environment = Readonly<Record<string, string>>;

/** Migrates the database and starts events-service over it; resolves when it is ready. */
export async function startEventsService(
  stage: Pick<Stage, 'servers'>,
  databaseUrl: string,
): Promise<RunningService> {
  const environment = { NOVA_EVENTS_DATABASE_URL: databaseUrl };
  const migration = run(
    'events-service',
    environmentOf(stage, environment),
    'main.ts',
    '--migrate',
  );
  if ((await exitCodeOf(migration)) !== 0) throw new Error('the log could not be migrated');
  return start(stage, 'events-service', environment);
}

/** Starts the relay of a log that was migrated; resolves when it has made the topics. */
export function startRelayService(
  stage: Pick<Stage, 'servers'>,
  databaseUrl: string,
): Promise<RunningService> {
  const environment = { NOVA_EVENTS_DATABASE_URL: databaseUrl };
  return start(stage, 'events-service', environment, 'relay-main.ts');
}

/** Starts a service with views over an empty database; resolves when it is ready. */
export function startConsumingService(
  stage: Pick<Stage, 'servers'>,
  area: ConsumingArea,
  databaseUrl: string,
  eventsAddress: string,
): Promise<RunningService> {
  return start(stage, `${area}-service`, {
    [`NOVA_${area.toUpperCase()}_DATABASE_URL`]: databaseUrl,
    NOVA_EVENTS_URL: eventsAddress,
  });
}

async function start(
  stage: Pick<Stage, 'servers'>,
  name: string,
  own: Environment,
  entry = 'main.ts',
): Promise<RunningService> {
  const [grpc = 0, ops = 0] = await freePorts(2);
  const ports = { NOVA_GRPC_PORT: String(grpc), NOVA_OPS_PORT: String(ops) };
  const service = run(name, environmentOf(stage, { ...own, ...ports }), entry);
  const giveUpAt = performance.now() + READY_WITHIN_MS;
  while (!(await isReady(`http://127.0.0.1:${ops}/health/ready`))) {
    const hasEnded = service.exitCode !== null || service.signalCode !== null;
    if (hasEnded || performance.now() > giveUpAt) throw new Error(`${name} did not start`);
    await sleep(50);
  }
  return {
    address: `127.0.0.1:${grpc}`,
    pid: service.pid ?? 0,
    async stop() {
      service.kill('SIGTERM');
      await exitCodeOf(service);
    },
  };
}

function environmentOf({ servers }: Pick<Stage, 'servers'>, own: Environment): Environment {
  return {
    NOVA_MODE: 'development',
    NOVA_SUPERVISED: '1',
    NOVA_LOG_LEVEL: 'error',
    NOVA_KAFKA_BROKERS: servers.kafka.brokers.join(','),
    ...own,
  };
}

function run(name: string, environment: Environment, entry: string, ...words: readonly string[]) {
  const { PATH = '' } = processEnvironment;
  const child = spawn(process.execPath, [...HEAP_FLAGS, join('src', entry), ...words], {
    cwd: join(SERVICES, name),
    env: { PATH, ...environment },
    // Its standard input ends with this process, and then it ends.
    stdio: ['pipe', 'ignore', 'inherit'],
    detached: true,
  });
  keepUntilEnd(child);
  return child;
}

async function exitCodeOf(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.exitCode;
}

async function isReady(url: string): Promise<boolean> {
  return fetch(url).then(
    ({ ok }) => ok,
    () => false,
  );
}
