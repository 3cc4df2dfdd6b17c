import { mkdtempSync, realpathSync } from 'node:fs';
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

/** PostgreSQL, Kafka and perhaps Redis of one run, as `./nova up` would start them, with data of their own. */
export interface BenchServers {
  /** `adminUrl` may do everything. Every commit is on disk before it is answered. */
  readonly postgres: { readonly url: string; readonly adminUrl: string; readonly pid: number };
  readonly kafka: {
    readonly brokers: readonly string[];
    readonly pid: number;
    /** Starts one of the programs that come with Kafka: its class comes next, then its words. */
    readonly tool: readonly string[];
  };
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
    const postgres = postgresServer({
      dataDir: join(folder, 'postgres', 'data'),
      port,
      superuserPassword: PASSWORD,
      accounts: [{ name: BENCH_ROLE, password: PASSWORD }],
      access: 'any',
      maxConnections: 200,
    });
    const { kafka, tool } = await kafkaIn(join(folder, 'kafka'), kafkaPort, controllerPort);
    const [postgresPid, kafkaPid] = await Promise.all([start(postgres), start(kafka)]);
    const url = (role: string, database: string) =>
      `postgres://${role}:${PASSWORD}@127.0.0.1:${port}/${database}`;
    let redis: Promise<{ url: string; pid: number }> | undefined;
    return {
      redis: () => {
        redis ??= redisIn(join(folder, 'redis')).then(async ({ server, url }) => ({
          url,
          pid: await start(server),
        }));
        return redis;
      },
      postgres: {
        url: url(BENCH_ROLE, BENCH_ROLE),
        adminUrl: url(SUPERUSER, 'postgres'),
        pid: postgresPid,
      },
      kafka: { brokers: [`127.0.0.1:${kafkaPort}`], pid: kafkaPid, tool },
      stop,
    };
  } catch (thrown) {
    await stop();
    throw thrown;
  }
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
