import type { Logger } from '@nova/telemetry';

/** The client libraries that this lib can work with. */
export const DRIVERS = ['kafkajs', 'platformatic'] as const;
export type DriverName = (typeof DRIVERS)[number];

/** How records are compressed when they are sent. Whatever arrives is read, as far as the driver can. */
export const COMPRESSIONS = ['none', 'gzip', 'zstd'] as const;
export type Compression = (typeof COMPRESSIONS)[number];

export const SASL_MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512'] as const;

/** How this process proves to the brokers who it is. */
export interface SaslOptions {
  readonly mechanism: (typeof SASL_MECHANISMS)[number];
  readonly username: string;
  readonly password: string;
}

/** Encrypted connections. All are PEM texts; the brokers are always verified. */
export interface TlsOptions {
  /** Authorities to trust in place of those that Node knows. */
  readonly ca?: string;
  /** Certificate and key of this process, where brokers ask for one. */
  readonly certificate?: string;
  readonly key?: string;
}

/** What a connection to Kafka needs. What is left out has the default of its setting. */
export interface KafkaOptions {
  /** Brokers to ask first, `host:port` each. */
  readonly brokers: readonly string[];
  /** How this process appears in the broker's logs, metrics and quotas. */
  readonly clientId: string;
  readonly logger: Logger;
  readonly driver?: DriverName;
  readonly compression?: Compression;
  /** Undefined: the listener asks for no name. */
  readonly sasl?: SaslOptions | undefined;
  /** Undefined: plain text. */
  readonly tls?: TlsOptions | undefined;
  /** Longest time for a connection and its first requests. */
  readonly connectDeadlineMs?: number;
  /** Longest time for one send, from the moment it is its turn. */
  readonly sendDeadlineMs?: number;
  readonly replicationFactor?: number;
  readonly minInsyncReplicas?: number;
  readonly topicRetentionDays?: number;
}

/** The options with every default filled in. */
export type CompleteOptions = Required<KafkaOptions>;

/** The defaults of the settings of this lib. */
export const defaults = {
  driver: 'kafkajs',
  compression: 'none',
  sasl: undefined,
  tls: undefined,
  connectDeadlineMs: 5000,
  sendDeadlineMs: 10_000,
  replicationFactor: 1,
  minInsyncReplicas: 1,
  topicRetentionDays: 30,
} as const;

/** Most bytes of records in one send: one record batch, which brokers limit. */
export const SEND_LIMIT_BYTES = 900 * 1024;

/** Largest record batch that topics created by nova take: SEND_LIMIT_BYTES and headroom. */
export const MAX_MESSAGE_BYTES = 1_048_588;
