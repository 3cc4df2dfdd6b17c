import { join } from 'node:path';
import {
  archiveKafkaClasses,
  cacheDirectory,
  ensureJava,
  ensureKafkaJars,
  freePorts,
  hasKafkaJars,
  kafkaServer,
  type ServerProcess,
} from '@nova/servers';
import { type ServerFolder, serverFolder } from './server-folder.ts';

/** A Kafka for specs, not yet started. */
export interface KafkaForSpecs {
  readonly server: ServerProcess;
  readonly folder: ServerFolder;
  readonly logFile: string;
  readonly brokers: readonly string[];
}

/** Describes a fresh one-node cluster on free ports. Fetches the jars where they are missing. */
export async function describeKafka(): Promise<KafkaForSpecs> {
  const cacheDir = cacheDirectory();
  const tools = await ensureJava({ needsMaven: !hasKafkaJars(cacheDir) });
  const jarsDir = await ensureKafkaJars(cacheDir, { maven: tools.maven });
  // A run of all specs starts several brokers.
  await archiveKafkaClasses({ jarsDir, java: tools.java });
  const folder = serverFolder('kafka');
  const [port = 0, controllerPort = 0] = await freePorts(2);
  const dataDir = join(folder.path, 'data');
  const server = kafkaServer({ dataDir, port, controllerPort, jarsDir, java: tools.java });
  return {
    server,
    folder,
    logFile: join(folder.path, 'log'),
    brokers: [`127.0.0.1:${port}`],
  };
}
