import { join } from 'node:path';
import {
  ensureKafka,
  freePorts,
  type KafkaOptions,
  kafkaClusterId,
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

/** A broker that serves a second listener, encrypted, to clients that give a password. */
export interface SecuredKafkaForSpecs extends KafkaForSpecs {
  readonly securedBrokers: readonly string[];
}

/** Who may enter a secured listener. */
export interface KafkaSecurity {
  /** Passwords by user name. */
  readonly users: Readonly<Record<string, string>>;
  /** File with key and certificate of the broker, PEM. */
  readonly keyFile: string;
}

/** Describes a fresh one-node cluster on free ports. Fetches the jars where they are missing. */
export async function describeKafka(): Promise<KafkaForSpecs> {
  const [port = 0, controllerPort = 0] = await freePorts(2);
  return await describeNode({ port, controllerPort });
}

/** Describes the same with a second listener, SASL_SSL with the mechanism PLAIN. */
export async function describeSecuredKafka(security: KafkaSecurity): Promise<SecuredKafkaForSpecs> {
  const [port = 0, controllerPort = 0, securedPort = 0] = await freePorts(3);
  const users = Object.entries(security.users).map(([user, secret]) => `user_${user}="${secret}"`);
  const listener = 'listener.name.secured';
  const module = 'org.apache.kafka.common.security.plain.PlainLoginModule';
  const more = {
    listeners: [
      `PLAINTEXT://127.0.0.1:${port}`,
      `CONTROLLER://127.0.0.1:${controllerPort}`,
      `SECURED://127.0.0.1:${securedPort}`,
    ].join(','),
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port},SECURED://localhost:${securedPort}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURED:SASL_SSL',
    [`${listener}.sasl.enabled.mechanisms`]: 'PLAIN',
    [`${listener}.plain.sasl.jaas.config`]: `${module} required ${users.join(' ')};`,
    [`${listener}.ssl.keystore.type`]: 'PEM',
    [`${listener}.ssl.keystore.location`]: security.keyFile,
  };
  const node = await describeNode({ port, controllerPort, more });
  return { ...node, securedBrokers: [`localhost:${securedPort}`] };
}

/** A broker that several clients reach on ways of their own. */
export interface LinkedKafkaForSpecs extends KafkaForSpecs {
  /** Ports of the broker's further listeners, one per way. */
  readonly listenerPorts: readonly number[];
}

/**
 * Describes the same with further listeners that name these ports of this machine as theirs: those
 * of proxies, so that each client may be cut off alone.
 */
export async function describeLinkedKafka(
  advertised: readonly number[],
  below?: string,
): Promise<LinkedKafkaForSpecs> {
  const [port = 0, controllerPort = 0, ...listenerPorts] = await freePorts(2 + advertised.length);
  const each = (text: (index: number) => string) => advertised.map((_, index) => text(index));
  const own = `PLAINTEXT://127.0.0.1:${port}`;
  const more = {
    listeners: [
      own,
      `CONTROLLER://127.0.0.1:${controllerPort}`,
      ...each((index) => `WAY${index}://127.0.0.1:${listenerPorts[index]}`),
    ].join(','),
    'advertised.listeners': [
      own,
      ...each((index) => `WAY${index}://127.0.0.1:${advertised[index]}`),
    ].join(','),
    'listener.security.protocol.map': [
      'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
      ...each((index) => `WAY${index}:PLAINTEXT`),
    ].join(','),
  };
  return { ...(await describeNode({ port, controllerPort, more }, below)), listenerPorts };
}

/** Describes the nodes of a cluster; each knows the others and only works with most of them. */
export async function describeCluster(size: number): Promise<readonly KafkaForSpecs[]> {
  const ports = await freePorts(size * 2);
  const clusterId = kafkaClusterId();
  const ids = Array.from({ length: size }, (_, index) => index + 1);
  const controllers = new Map(ids.map((id) => [id, ports[size + id - 1] ?? 0]));
  const more = { 'offsets.topic.replication.factor': size };
  return await Promise.all(
    ids.map((id) =>
      describeNode({
        port: ports[id - 1] ?? 0,
        controllerPort: controllers.get(id) ?? 0,
        node: { id, clusterId, controllers },
        more,
        heapMb: 160,
      }),
    ),
  );
}

async function describeNode(
  node: Omit<KafkaOptions, 'dataDir' | 'jarsDir' | 'java'>,
  below?: string,
): Promise<KafkaForSpecs> {
  const { java, jarsDir } = await ensureKafka();
  const folder = serverFolder('kafka', below);
  const dataDir = join(folder.path, 'data');
  const server = kafkaServer({ ...node, dataDir, jarsDir, java });
  return {
    server,
    folder,
    logFile: join(folder.path, 'log'),
    brokers: [`127.0.0.1:${node.port}`],
  };
}
