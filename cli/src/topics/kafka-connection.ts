import { loadConfig } from '@nova/config';
import { connectionOptions, connectionSettings } from '@nova/kafka';
import type { Invocation } from '../verb.ts';

/** How Kafka is reached, in the words of `openKafka`. */
export type KafkaConnection = ReturnType<typeof connectionOptions>;

/**
 * By the settings of Kafka; without NOVA_KAFKA_BROKERS the local broker of the stack that is meant.
 *
 * @throws KAFKA_SETTINGS_INCOMPLETE
 */
export function kafkaConnection({
  environment,
  portOffset,
}: Pick<Invocation, 'environment' | 'portOffset'>): KafkaConnection {
  const local = { [connectionSettings.kafkaBrokers.env]: `localhost:${9092 + portOffset}` };
  return connectionOptions(loadConfig(connectionSettings, [], { ...local, ...environment }));
}
