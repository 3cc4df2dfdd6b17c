import { randomBytes } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { NovaError } from '@nova/errors';
import { baseEnvironment } from '../base-environment.ts';
import { errors } from '../errors.ts';
import { indented, lastLinesOf } from '../log-tail.ts';
import { runProgram } from '../run-program.ts';
import { type KafkaNode, kafkaProperties } from './properties.ts';

/** What the format tool writes besides meta.properties: the feature levels the cluster starts with. */
const CHECKPOINT = 'bootstrap.checkpoint';
const META = 'meta.properties';

/** What formatting needs. */
export interface FormatOptions {
  readonly logDirs: string;
  readonly java: string;
  readonly jarsDir: string;
  readonly node?: KafkaNode | undefined;
}

/**
 * Formats an empty Kafka data folder once. Kafka's own tool runs the first time only; what it
 * writes does not depend on the cluster except for the ids in meta.properties, so it is kept
 * beside the jars and copied from then on, which saves starting Java (2 to 4 s on two cores) with
 * every new folder.
 *
 * @throws SERVERS_STEP_FAILED
 */
export async function formatKafka(options: FormatOptions): Promise<void> {
  const { logDirs } = options;
  if (existsSync(join(logDirs, META))) return;
  const checkpoint = await cachedCheckpoint(options);
  mkdirSync(logDirs, { recursive: true, mode: 0o700 });
  cpSync(checkpoint, join(logDirs, CHECKPOINT));
  const properties = {
    version: 1,
    'cluster.id': options.node?.clusterId ?? kafkaClusterId(),
    'node.id': options.node?.id ?? 1,
    'directory.id': kafkaClusterId(),
  };
  const lines = Object.entries(properties).map(([name, value]) => `${name}=${value}`);
  // Last and in one step: only with it the folder counts as formatted.
  writeFileSync(join(logDirs, `${META}.new`), `${lines.join('\n')}\n`);
  renameSync(join(logDirs, `${META}.new`), join(logDirs, META));
}

async function cachedCheckpoint(options: FormatOptions): Promise<string> {
  const folder = `${options.jarsDir}-formatted`;
  const checkpoint = join(folder, CHECKPOINT);
  if (existsSync(checkpoint)) return checkpoint;
  const work = mkdtempSync(`${folder}-new-`);
  try {
    await runFormatTool(options, work);
    mkdirSync(folder, { recursive: true });
    renameSync(join(work, 'data', CHECKPOINT), checkpoint);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return checkpoint;
}

async function runFormatTool({ java, jarsDir }: FormatOptions, work: string): Promise<void> {
  const file = join(work, 'server.properties');
  // The ports are not opened by the tool.
  const logDirs = join(work, 'data');
  writeFileSync(file, kafkaProperties({ port: 9092, controllerPort: 9093, logDirs }));
  const program = ['-XX:TieredStopAtLevel=1', '-cp', join(jarsDir, '*'), 'kafka.tools.StorageTool'];
  const words = ['format', '-t', kafkaClusterId(), '-c', file];
  const result = await runProgram(java, [...program, ...words], { env: baseEnvironment() });
  if (!result.ok || !existsSync(join(logDirs, CHECKPOINT))) {
    throw new NovaError(errors.SERVERS_STEP_FAILED, {
      step: 'formatting the data folder of Kafka',
      end: result.end,
      lines: indented(lastLinesOf(result.output, 10)),
    });
  }
}

/** An id as Kafka writes them: 16 random bytes in URL-safe base64; a leading dash upsets its tools. */
export function kafkaClusterId(): string {
  for (;;) {
    const id = randomBytes(16).toString('base64url');
    if (!id.startsWith('-')) return id;
  }
}
