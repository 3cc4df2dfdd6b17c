import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  baseEnvironment,
  ensureDebezium,
  type LaunchedProcess,
  launchProcess,
} from '@nova/servers';

/** Kafka Connect with one connector, as a process of its own. */
export interface Connect {
  start(): Promise<void>;
  /** kill -9; resolves when it is gone. */
  kill(): Promise<void>;
  /** The end of what it has printed. */
  log(): string;
  remove(): Promise<void>;
}

/**
 * Sets up Kafka Connect in its standalone form, from Maven; it keeps its place in a file.
 *
 * @param connector the properties of its one connector
 */
export async function kafkaConnect(
  brokers: readonly string[],
  port: number,
  connector: string,
): Promise<Connect> {
  const { java, jarsDir } = await ensureDebezium();
  const folder = mkdtempSync(join(tmpdir(), 'nova-connect-'));
  const file = (name: string) => join(folder, name);
  const worker = {
    'bootstrap.servers': brokers.join(),
    'key.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'offset.storage.file.filename': file('offsets'),
    'offset.flush.interval.ms': '1000',
    listeners: `http://127.0.0.1:${port}`,
  };
  const lines = Object.entries(worker).map(([name, value]) => `${name}=${value}\n`);
  writeFileSync(file('worker.properties'), lines.join(''));
  writeFileSync(file('connector.properties'), connector);
  let running: LaunchedProcess | undefined;
  const command = {
    file: java,
    args: [
      ...['-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Dlog4j2.level=WARN'],
      ...['-cp', join(jarsDir, '*'), 'org.apache.kafka.connect.cli.ConnectStandalone'],
      ...[file('worker.properties'), file('connector.properties')],
    ],
    env: baseEnvironment(),
    cwd: folder,
  };
  const kill = async () => {
    running?.signal('SIGKILL');
    await running?.exited;
    running = undefined;
  };
  return {
    async start() {
      const options = {
        name: 'connect',
        logFile: file('log'),
        guard: { signal: 'SIGKILL', graceSeconds: 1 } as const,
      };
      running = await launchProcess(command, options);
    },
    kill,
    log: () => readFileSync(file('log'), 'utf8').slice(-4000),
    async remove() {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
