import { setting } from '@nova/config';
import { defaults } from './options.ts';

/** Settings of Kafka. */
export const settings = {
  kafkaBrokers: setting.list({
    env: 'NOVA_KAFKA_BROKERS',
    doc: 'Brokers to ask first, host:port each.',
    default: ['localhost:9092'],
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
