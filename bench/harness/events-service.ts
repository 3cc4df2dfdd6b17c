import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { processEnvironment } from '@nova/config';
import { freePorts } from '@nova/servers';
import { sleep } from '@nova/time';
import { keepUntilEnd } from './children.ts';
import type { Stage } from './stage.ts';

/** events-service as a process of its own. */
export interface EventsService {
  /** host:port of its gRPC. */
  readonly address: string;
  readonly pid: number;
  stop(): Promise<void>;
}

const SERVICE = join(import.meta.dirname, '..', '..', 'services', 'events-service');
const READY_WITHIN_MS = 60_000;

/** Migrates the database and starts events-service over it; resolves when it is ready. */
export async function startEventsService(
  { servers }: Pick<Stage, 'servers'>,
  databaseUrl: string,
): Promise<EventsService> {
  const [grpc = 0, ops = 0] = await freePorts(2);
  const environment = {
    NOVA_MODE: 'development',
    NOVA_SUPERVISED: '1',
    NOVA_LOG_LEVEL: 'error',
    NOVA_EVENTS_DATABASE_URL: databaseUrl,
    NOVA_KAFKA_BROKERS: servers.kafka.brokers.join(','),
    NOVA_GRPC_PORT: String(grpc),
    NOVA_OPS_PORT: String(ops),
  };
  const migration = run(environment, '--migrate');
  if ((await exitCodeOf(migration)) !== 0) throw new Error('the log could not be migrated');
  const service = run(environment);
  const giveUpAt = performance.now() + READY_WITHIN_MS;
  while (!(await isReady(`http://127.0.0.1:${ops}/health/ready`))) {
    const hasEnded = service.exitCode !== null || service.signalCode !== null;
    if (hasEnded || performance.now() > giveUpAt) throw new Error('events-service did not start');
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

function run(environment: Readonly<Record<string, string>>, ...words: readonly string[]) {
  const { PATH = '' } = processEnvironment;
  const child = spawn(process.execPath, [join('src', 'main.ts'), ...words], {
    cwd: SERVICE,
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
