import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  archiveKafkaClasses,
  cacheDirectory,
  ensureJava,
  ensureKafkaJars,
  freePorts,
  hasKafkaJars,
  kafkaServer,
  postgresServer,
  type RunningServer,
  type ServerProcess,
  startServer,
} from '@nova/servers';

const ROLE = 'nova_bench';
// Reachable from this machine only, and gone with the run.
const PASSWORD = 'nova-bench';

/** PostgreSQL and Kafka of one run, as `./nova up` would start them, with data of their own. */
export interface BenchServers {
  /** The role may make databases. Every commit is on disk before it is answered. */
  readonly postgres: { readonly url: string; readonly pid: number };
  readonly kafka: { readonly brokers: readonly string[]; readonly pid: number };
  /** Ends both and deletes what they kept. Harmless twice. */
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
    await Promise.all(running.map((server) => server.kill()));
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
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
      accounts: [{ name: ROLE, password: PASSWORD, createsDatabases: true }],
      access: 'any',
      maxConnections: 200,
    });
    const kafka = await kafkaIn(join(folder, 'kafka'), kafkaPort, controllerPort);
    const [postgresPid, kafkaPid] = await Promise.all([start(postgres), start(kafka)]);
    return {
      postgres: {
        url: `postgres://${ROLE}:${PASSWORD}@127.0.0.1:${port}/${ROLE}`,
        pid: postgresPid,
      },
      kafka: { brokers: [`127.0.0.1:${kafkaPort}`], pid: kafkaPid },
      stop,
    };
  } catch (thrown) {
    await stop();
    throw thrown;
  }
}

async function kafkaIn(dataDir: string, port: number, controllerPort: number) {
  const cacheDir = cacheDirectory();
  const { java, maven } = await ensureJava({ needsMaven: !hasKafkaJars(cacheDir) });
  const jarsDir = await ensureKafkaJars(cacheDir, { maven });
  await archiveKafkaClasses({ jarsDir, java });
  return kafkaServer({ dataDir, port, controllerPort, jarsDir, java });
}
