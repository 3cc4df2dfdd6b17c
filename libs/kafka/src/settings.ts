import { setting } from '@nova/config';
import { COMPRESSIONS, DRIVERS, defaults, SASL_MECHANISMS } from './options.ts';

/** How Kafka is reached: what every process needs that uses it. */
export const connectionSettings = {
  kafkaBrokers: setting.list({
    env: 'NOVA_KAFKA_BROKERS',
    doc: 'Brokers to ask first, host:port each.',
    default: ['localhost:9092'],
  }),
  kafkaDriver: setting.choice({
    env: 'NOVA_KAFKA_DRIVER',
    doc: 'Client library that speaks with Kafka; members of a group may use different ones.',
    default: defaults.driver,
    choices: DRIVERS,
  }),
  kafkaTls: setting.boolean({
    env: 'NOVA_KAFKA_TLS',
    doc: 'Whether connections to brokers are encrypted; their certificates are always verified.',
    default: false,
  }),
  kafkaTlsCa: setting.optional(
    setting.string({
      env: 'NOVA_KAFKA_TLS_CA',
      doc: 'Certificates (PEM) of the authorities to trust in place of those that Node knows.',
      secret: true,
    }),
  ),
  kafkaTlsCertificate: setting.optional(
    setting.string({
      env: 'NOVA_KAFKA_TLS_CERTIFICATE',
      doc: 'Certificate (PEM) of this process, where brokers ask for one.',
      secret: true,
    }),
  ),
  kafkaTlsKey: setting.optional(
    setting.string({
      env: 'NOVA_KAFKA_TLS_KEY',
      doc: 'Key (PEM) of the certificate of this process.',
      secret: true,
    }),
  ),
  kafkaSaslMechanism: setting.optional(
    setting.choice({
      env: 'NOVA_KAFKA_SASL_MECHANISM',
      doc: 'How this process proves to brokers who it is; not at all where it is not given.',
      choices: SASL_MECHANISMS,
    }),
  ),
  kafkaSaslUsername: setting.optional(
    setting.string({
      env: 'NOVA_KAFKA_SASL_USERNAME',
      doc: 'Name of this process for brokers; with NOVA_KAFKA_SASL_MECHANISM.',
    }),
  ),
  kafkaSaslPassword: setting.optional(
    setting.string({
      env: 'NOVA_KAFKA_SASL_PASSWORD',
      doc: 'Password of this process for brokers; with NOVA_KAFKA_SASL_MECHANISM.',
      secret: true,
    }),
  ),
};

/** Settings of Kafka. */
export const settings = {
  ...connectionSettings,
  kafkaCompression: setting.choice({
    env: 'NOVA_KAFKA_COMPRESSION',
    doc: 'How records are compressed when they are sent.',
    default: defaults.compression,
    choices: COMPRESSIONS,
  }),
  kafkaConnectDeadlineMs: setting.integer({
    env: 'NOVA_KAFKA_CONNECT_DEADLINE_MS',
    doc: 'Longest time for a connection and its first requests.',
    default: defaults.connectDeadlineMs,
    min: 100,
    max: 60_000,
  }),
  kafkaSendDeadlineMs: setting.integer({
    env: 'NOVA_KAFKA_SEND_DEADLINE_MS',
    doc: 'Longest time for one send; then its producer is replaced and the same records are sent again.',
    default: defaults.sendDeadlineMs,
    min: 500,
    max: 120_000,
  }),
  kafkaReplicationFactor: setting.integer({
    env: 'NOVA_KAFKA_REPLICATION_FACTOR',
    doc: 'Copies of each partition of the topics that nova creates.',
    default: defaults.replicationFactor,
    min: 1,
    max: 32,
  }),
  kafkaMinInsyncReplicas: setting.integer({
    env: 'NOVA_KAFKA_MIN_INSYNC_REPLICAS',
    doc: 'Copies that must have a record before it counts as sent (topics that nova creates).',
    default: defaults.minInsyncReplicas,
    min: 1,
    max: 32,
  }),
  kafkaTopicRetentionDays: setting.integer({
    env: 'NOVA_KAFKA_TOPIC_RETENTION_DAYS',
    doc: 'How long the topics that nova creates keep records; the log keeps them for ever.',
    default: defaults.topicRetentionDays,
    min: 1,
    max: 3650,
  }),
};
