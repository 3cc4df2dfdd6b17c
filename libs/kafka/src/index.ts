/**
 * The seam to Kafka. Nobody else imports a Kafka client. There are two, kafkajs and
 * @platformatic/kafka, each behind the interfaces of `driver.ts`; all the rest is written once.
 *
 *   publish --> partition known? --> queue of its partition --> cut by bytes --> send --> judge answer
 *                                          (one in work)                          |           |
 *                                                             rejected, deadline, wrong answer: the
 *                                                             producer is replaced, the caller told
 *
 * An acknowledged batch is in the topic, whole and in order. A rejected one may be there in part:
 * its caller sends the same records again from its own cursor, so a topic holds each record at
 * least once, first occurrences in order. Nothing is retried here beyond what the client does within
 * one send, and nothing is created but by `ensureTopics`.
 *
 * The other side is `source()`: members of consumer groups, in `group-member.ts`.
 */
export type { KafkaAdmin, TopicSpec } from './admin.ts';
export { connectionOptions } from './connection-options.ts';
export { errors } from './errors.ts';
export { type Kafka, openKafka } from './open-kafka.ts';
export { type KafkaOptions, SEND_LIMIT_BYTES } from './options.ts';
export type { KafkaPublisher, RefusedRecord } from './publisher.ts';
export type { KafkaBatch, KafkaRecord } from './record.ts';
export type { RecordSearch } from './record-search.ts';
export type {
  DeliveredBatch,
  DeliveryOptions,
  IncomingRecord,
  KafkaSource,
  MemberHealth,
  OpenKafkaSource,
  StartOffset,
  TopicPartition,
} from './seam.ts';
export { connectionSettings, settings } from './settings.ts';
export type { TopicDescription } from './topic-description.ts';
export type { PartitionCounts } from './topic-directory.ts';
