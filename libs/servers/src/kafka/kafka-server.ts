import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { baseEnvironment } from '../base-environment.ts';
import type { ServerProcess } from '../server-process.ts';
import { classArchivePath } from './class-archive-path.ts';
import { formatKafka } from './format.ts';
import { askKafka } from './metadata-request.ts';
import { type KafkaConfiguration, kafkaLogging, kafkaProperties } from './properties.ts';

/** What a local Kafka needs to know. */
export interface KafkaOptions extends Omit<KafkaConfiguration, 'logDirs'> {
  readonly dataDir: string;
  /** From `ensureKafkaJars`. */
  readonly jarsDir: string;
  /** Path of a Java 17 or later. */
  readonly java: string;
  /** Most the heap may grow to; 320 MB by default (600 partitions idle need about 120 MB of it). */
  readonly heapMb?: number;
  /** Only for `archiveKafkaClasses`: where to write the classes at the end. */
  readonly archiveClassesAt?: string;
}

/**
 * Apache Kafka in KRaft mode, broker and controller in one process, on 127.0.0.1 only.
 *
 * `prepare` formats the data folder once and writes the configuration. It is ready when it names
 * itself as a member of its cluster. After kill -9 it is ready again within about 7 s: its old
 * session has to run out first.
 */
export function kafkaServer(options: KafkaOptions): ServerProcess {
  const { dataDir, port, controllerPort, jarsDir, java, heapMb = 320, node, more } = options;
  const logDirs = join(dataDir, 'log');
  const properties = join(dataDir, 'server.properties');
  const logging = join(dataDir, 'log4j2.properties');
  return {
    name: 'kafka',
    stopSignal: 'SIGTERM',
    async prepare() {
      mkdirSync(dataDir, { recursive: true, mode: 0o700 });
      await formatKafka({ logDirs, java, jarsDir, node });
      writeFileSync(properties, kafkaProperties({ port, controllerPort, logDirs, node, more }));
      writeFileSync(logging, kafkaLogging());
    },
    command: () => ({
      file: java,
      args: [
        ...['-Xms64m', `-Xmx${heapMb}m`, '-XX:+UseSerialGC', '-XX:+ExitOnOutOfMemoryError'],
        // The quick compiler alone: half the CPU of a start (5.6 s instead of 10 s), 30 MB less, and
        // far faster than one relay needs.
        '-XX:TieredStopAtLevel=1',
        ...['-XX:-UsePerfData', '-Djava.awt.headless=true'],
        ...classArchiveFlags(options),
        `-Dlog4j2.configurationFile=${logging}`,
        ...['-cp', join(jarsDir, '*'), 'kafka.Kafka', properties],
      ],
      env: baseEnvironment(),
      cwd: dataDir,
    }),
    ready: () => askKafka(port),
  };
}

function classArchiveFlags(options: KafkaOptions): string[] {
  if (options.archiveClassesAt !== undefined) {
    return [`-XX:ArchiveClassesAtExit=${options.archiveClassesAt}`];
  }
  const path = classArchivePath(options);
  return existsSync(path) ? [`-XX:SharedArchiveFile=${path}`] : [];
}
