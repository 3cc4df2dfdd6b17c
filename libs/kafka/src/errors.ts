import { defineErrors } from '@nova/errors';

/** Errors of Kafka and of the client library behind the seam. */
export const errors = defineErrors({
  KAFKA_UNAVAILABLE: {
    message: 'Kafka at {brokers} did not {what}: {reason}',
    status: 'UNAVAILABLE',
    retry: 'after-reconnect',
    blame: 'operator',
    hint: 'Do the brokers of NOVA_KAFKA_BROKERS run, can they be reached? docs/runbooks/kafka-down.md.',
  },
  KAFKA_REFUSED: {
    message: 'Kafka refused to {what}: {reason}',
    status: 'FAILED_PRECONDITION',
    retry: 'backoff',
    blame: 'operator',
    hint: 'Compare the limits and rights of the topic with those nova asks for.',
  },
  KAFKA_RECORD_REFUSED: {
    message:
      'Kafka takes no such record in {topic}/{partition} (number {record} of the batch): {reason}',
    status: 'FAILED_PRECONDITION',
    retry: 'backoff',
    blame: 'operator',
    hint: 'Compare the size of the record with max.message.bytes of the topic; docs/runbooks/relay-parked.md.',
  },
  KAFKA_ANSWER_WRONG: {
    message: 'the answer to a send to {topic}/{partition} cannot be trusted: {reason}',
    status: 'UNAVAILABLE',
    retry: 'backoff',
    blame: 'operator',
    hint: 'The same records are sent again by a new producer; nothing is lost. If it goes on, look at the log of the partition leader.',
  },
  KAFKA_TOPIC_UNKNOWN: {
    message: 'Kafka has no topic {topic}',
    status: 'FAILED_PRECONDITION',
    retry: 'backoff',
    blame: 'operator',
    hint: 'Topics are created from the catalogue when the relay starts: restart it, or create the topic.',
  },
  KAFKA_PARTITION_UNKNOWN: {
    message: 'topic {topic} has {partitions} partitions, there is no partition {partition}',
    status: 'INTERNAL',
    retry: 'never',
    blame: 'bug',
    hint: 'Partition numbers must be computed from the partition count of the topic.',
  },
  KAFKA_SETTINGS_INCOMPLETE: {
    message: 'the settings of Kafka do not go together: {problems}',
    status: 'FAILED_PRECONDITION',
    retry: 'never',
    blame: 'operator',
    hint: 'Give all settings of SASL or none, and those of TLS only with NOVA_KAFKA_TLS=true.',
  },
  KAFKA_TOPIC_DIFFERS: {
    message: 'existing topics have another number of partitions than the catalogue:{differences}',
    status: 'FAILED_PRECONDITION',
    retry: 'never',
    blame: 'operator',
    hint: 'The order of events depends on the number of partitions: give the topics the stated number, or move them away.',
  },
});
