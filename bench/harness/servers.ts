import { appendFileSync, mkdtempSync, realpathSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  cacheDirectory,
  ensureKafka,
  ensureRedis,
  freePorts,
  kafkaServer,
  postgresServer,
  type RunningServer,
  redisServer,
  type ServerProcess,
  SUPERUSER,
  startServer,
} from '@nova/servers';

/** Whose databases are measured. */
export const BENCH_ROLE = 'nova_bench';
// Reachable from this machine only, and gone with the run.
const PASSWORD = 'nova-bench';

/** `adminUrl` may do everything. Every commit is on disk before it is answered. */
export interface BenchPostgres {
  readonly url: string;
  readonly adminUrl: string;
  readonly pid: number;
}

/** PostgreSQL, Kafka and perhaps Redis of one run, as `./nova up` would start them, with data of their own. */
export interface BenchServers {
  readonly postgres: BenchPostgres;
  readonly kafka: {
    readonly brokers: readonly string[];
    readonly pid: number;
    /** Starts one of the programs that come with Kafka: its class comes next, then its words. */
    readonly tool: readonly string[];
  };
  /** Starts another PostgreSQL whose WAL can be decoded (wal_level logical), the first time. */
  logicalPostgres(): Promise<BenchPostgres>;
  /** Starts a Redis without files, the first time. */
  redis(): Promise<{ readonly url: string; readonly pid: number }>;
  /** Ends all and deletes what they kept. Harmless twice. */
  stop(): Promise<void>;
}

/**
 * Starts both. They end with this process however it ends: see the guard of `@nova/servers`.
 *
 * @throws SERVERS_… of `@nova/servers`, when one cannot be set up or started.
 */
export async function startServers(): Promise<BenchServers> {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'nova-bench-'));
  const running: RunningServer[] = [];
  const stop = async () => {
    // PostgreSQL in good order: its children would outlive it, and go on writing.
    await Promise.all(running.map((one) => (one.name === 'postgres' ? one.stop() : one.kill())));
    await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  };
  const start = async (server: ServerProcess) => {
    const logFile = join(folder, `${server.name}.log`);
    const guard = { signal: 'SIGKILL', graceSeconds: 0, removeFolder: folder } as const;
    const started = await startServer(server, { logFile, guard });
    running.push(started);
    return started.pid;
  };
  try {
    const [port = 0, kafkaPort = 0, controllerPort = 0] = await freePorts(3);
    const { kafka, tool } = await kafkaIn(join(folder, 'kafka'), kafkaPort, controllerPort);
    const [postgres, kafkaPid] = await Promise.all([
      startPostgres(postgresIn(join(folder, 'postgres', 'data'), port), port, start),
      start(kafka),
    ]);
    let logical: Promise<BenchPostgres> | undefined;
    let redis: Promise<{ url: string; pid: number }> | undefined;
    return {
      redis: () => {
        redis ??= redisIn(join(folder, 'redis')).then(async ({ server, url }) => ({
          url,
          pid: await start(server),
        }));
        return redis;
      },
      postgres,
      logicalPostgres: () => {
        logical ??= logicalPostgresIn(join(folder, 'logical', 'data'), start);
        return logical;
      },
      kafka: { brokers: [`127.0.0.1:${kafkaPort}`], pid: kafkaPid, tool },
      stop,
    };
  } catch (thrown) {
    await stop();
    throw thrown;
  }
}

type Start = (server: ServerProcess) => Promise<number>;

function postgresIn(dataDir: string, port: number): ServerProcess {
  return postgresServer({
    ...{ dataDir, port, superuserPassword: PASSWORD, access: 'any', maxConnections: 200 },
    accounts: [{ name: BENCH_ROLE, password: PASSWORD }],
  });
}

async function startPostgres(
  server: ServerProcess,
  port: number,
  start: Start,
): Promise<BenchPostgres> {
  const pid = await start(server);
  const url = (role: string, database: string) =>
    `postgres://${role}:${PASSWORD}@127.0.0.1:${port}/${database}`;
  return { url: url(BENCH_ROLE, BENCH_ROLE), adminUrl: url(SUPERUSER, 'postgres'), pid };
}

async function logicalPostgresIn(dataDir: string, start: Start): Promise<BenchPostgres> {
  const [port = 0] = await freePorts(1);
  const server = postgresIn(dataDir, port);
  await server.prepare();
  // As ALTER SYSTEM would write it; its own file is written at every start.
  appendFileSync(join(dataDir, 'postgresql.auto.conf'), "wal_level = 'logical'\n");
  return startPostgres(server, port, start);
}

async function redisIn(dataDir: string) {
  const program = await ensureRedis(cacheDirectory());
  const [port = 0] = await freePorts(1);
  // Nothing that is marked may go.
  const server = redisServer({ dataDir, port, program, memoryMb: 1024 });
  return { server, url: `redis://127.0.0.1:${port}` };
}

async function kafkaIn(dataDir: string, port: number, controllerPort: number) {
  const { java, jarsDir } = await ensureKafka();
  // What was judged may go: a run would fill the disk.
  const more = { 'log.retention.check.interval.ms': 30_000 };
  return {
    kafka: kafkaServer({ dataDir, port, controllerPort, jarsDir, java, more }),
    tool: [java, '-Xmx256m', '-cp', join(jarsDir, '*')],
  };
}
