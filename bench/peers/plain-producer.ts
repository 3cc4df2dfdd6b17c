import { Kafka, logLevel, type Producer } from 'kafkajs';

/** A producer of kafkajs as it comes, connected: idempotent, one request in flight. */
export async function plainProducer(brokers: readonly string[]): Promise<Producer> {
  const kafka = new Kafka({
    brokers: [...brokers],
    clientId: 'bench-peer',
    logLevel: logLevel.NOTHING,
  });
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  return producer;
}
