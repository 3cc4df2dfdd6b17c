/** One of several nodes that make up a cluster; each is broker and controller. */
export interface KafkaNode {
  /** From 1. */
  readonly id: number;
  /** The same for all nodes: 22 characters, see `kafkaClusterId`. */
  readonly clusterId: string;
  /** Controller ports of all nodes, by id. */
  readonly controllers: ReadonlyMap<number, number>;
}

/** What of Kafka's configuration nova decides. */
export interface KafkaConfiguration {
  readonly port: number;
  readonly controllerPort: number;
  readonly logDirs: string;
  /** Without it the node is alone. */
  readonly node?: KafkaNode | undefined;
  /** Beside or in place of what nova sets, by Kafka's names. */
  readonly more?: Readonly<Record<string, string | number>> | undefined;
}

/**
 * The text of server.properties: broker and controller at once, on 127.0.0.1 only.
 *
 * Acknowledged records survive kill -9 of the broker (they are in the page cache of the machine).
 */
export function kafkaProperties(configuration: KafkaConfiguration): string {
  const { port, controllerPort, logDirs, node, more } = configuration;
  const controllers = node?.controllers ?? new Map([[1, controllerPort]]);
  const voters = [...controllers].map(([id, at]) => `${id}@127.0.0.1:${at}`);
  const properties: Record<string, string | number> = {
    'process.roles': 'broker,controller',
    'node.id': node?.id ?? 1,
    'controller.quorum.voters': voters.join(','),
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'log.dirs': escaped(logDirs),
    // Topics come from the catalogue only.
    'auto.create.topics.enable': 'false',
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 8,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 4,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    'share.coordinator.state.topic.num.partitions': 4,
    'group.initial.rebalance.delay.ms': 0,
    // After kill -9 the old session must run out before the broker is let in again: 7 s, not 13 s.
    'broker.session.timeout.ms': 3000,
    'broker.heartbeat.interval.ms': 1000,
    // Index files are made at their full size: 600 partitions take 192 MB instead of 14 GB.
    'log.index.size.max.bytes': 131_072,
    // Each partition's cleaner buffer comes out of the small heap.
    'log.cleaner.dedupe.buffer.size': 16_777_216,
    'num.network.threads': 2,
    'num.io.threads': 4,
    'num.recovery.threads.per.data.dir': 4,
    ...more,
  };
  const lines = Object.entries(properties).map(([name, value]) => `${name}=${value}`);
  return `# Written by nova at every start: changes here are lost.\n${lines.join('\n')}\n`;
}

/** The text of log4j2.properties: what happens to the broker, not what each partition does. */
export function kafkaLogging(): string {
  return `# Written by nova at every start: changes here are lost.
status = error
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{yyyy-MM-dd'T'HH:mm:ss.SSS}{UTC}Z %p %m (%c{1})%n
rootLogger.level = warn
rootLogger.appenderRef.out.ref = out
logger.start.name = kafka.server.KafkaRaftServer
logger.start.level = info
logger.lifecycle.name = org.apache.kafka.server.BrokerLifecycleManager
logger.lifecycle.level = info
logger.recovery.name = org.apache.kafka.storage.internals.log.LogManager
logger.recovery.level = info
`;
}

// In a properties file a backslash escapes, and log.dirs is a list separated by commas.
function escaped(path: string): string {
  if (path.includes(',')) throw new TypeError(`Kafka cannot use a folder with a comma: ${path}`);
  return path.replaceAll('\\', '\\\\');
}
