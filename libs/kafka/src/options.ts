import type { Logger } from '@nova/telemetry';

/** What a connection to Kafka needs. What is left out has the default of its setting. */
export interface KafkaOptions {
  /** Brokers to ask first, `host:port` each. */
  readonly brokers: readonly string[];
  /** How this process appears in the broker's logs, metrics and quotas. */
  readonly clientId: string;
  readonly logger: Logger;
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
  connectDeadlineMs: 5000,
  sendDeadlineMs: 10_000,
  replicationFactor: 1,
  minInsyncReplicas: 1,
  topicRetentionDays: 30,
} as const;

/** Most bytes of records in one send. kafkajs makes one record batch of it, which brokers limit. */
export const SEND_LIMIT_BYTES = 900 * 1024;

/** Largest record batch that topics created by nova take: SEND_LIMIT_BYTES and headroom. */
export const MAX_MESSAGE_BYTES = 1_048_588;
