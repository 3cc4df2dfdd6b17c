import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { baseEnvironment } from '../base-environment.ts';
import { type LaunchedProcess, launchProcess } from '../launch-process.ts';
import { ensureDebezium } from './ensure-debezium.ts';

/** Kafka Connect with one connector, as a process of its own. */
export interface KafkaConnect {
  /** Resolves with its pid once the process runs: what it does then it takes its time for. */
  start(): Promise<number>;
  /** kill -9; resolves when it is gone. */
  kill(): Promise<void>;
  /** The end of what it has printed. */
  log(): string;
  remove(): Promise<void>;
}

/** What it needs to know. */
export interface KafkaConnectOptions {
  readonly brokers: readonly string[];
  /** Of its REST interface, on 127.0.0.1. */
  readonly port: number;
  /** The properties of its one connector, as the text of a file. */
  readonly connector: string;
  /** Flags of Java; by default for a quick start. */
  readonly jvm?: readonly string[];
}

const QUICK_START = ['-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];

/**
 * Sets up Kafka Connect in its standalone form, with Debezium's connector, from Maven; it keeps its
 * place in a file.
 *
 * @throws what `ensureDebezium` throws
 */
export async function kafkaConnect(options: KafkaConnectOptions): Promise<KafkaConnect> {
  const { brokers, port, connector, jvm = QUICK_START } = options;
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
      ...[...jvm, '-Dlog4j2.level=WARN'],
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
      const guard = { signal: 'SIGKILL', graceSeconds: 1, removeFolder: folder } as const;
      running = await launchProcess(command, { name: 'connect', logFile: file('log'), guard });
      return running.pid;
    },
    kill,
    log: () => readFileSync(file('log'), 'utf8').slice(-4000),
    async remove() {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
