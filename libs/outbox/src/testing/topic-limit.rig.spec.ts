import { isNovaError } from '@nova/errors';
import { type KafkaPublisher, errors as kafkaErrors } from '@nova/kafka';
import { configureTopic } from '@nova/kafka/testing';
import { waitFor } from '@nova/testkit';

/**
 * Has a topic take no more than so many bytes at a time, and resolves when it refuses more: the broker
 * answers before it keeps to it. What it took until then has the key `probe`.
 */
export async function lowerTopicLimit(
  { brokers, publisher }: { brokers: readonly string[]; publisher: KafkaPublisher },
  topic: string,
  { bytes, partition }: { bytes: number; partition: number },
): Promise<void> {
  await configureTopic(brokers, topic, { 'max.message.bytes': String(bytes) });
  const records = [{ key: 'probe', value: Buffer.alloc(bytes), headers: {} }];
  const isRefused = () =>
    publisher.publish({ topic, partition, records }).then(
      () => false,
      (thrown: unknown) => isNovaError(thrown, kafkaErrors.KAFKA_RECORD_REFUSED),
    );
  await waitFor(isRefused, { withinMs: 20_000, what: 'the lower limit' });
}
