import { DEFAULT_PARTITIONS, partitionOf, recordHeaders, topicOf } from '@nova/events';
import { type KafkaBatch, type KafkaRecord, openKafka } from '@nova/kafka';
import { readWindow } from '@nova/outbox';
import { silentLogger } from '@nova/telemetry';
import { openPool } from '../harness/databases.ts';
import type { Prepared } from '../harness/worker-messages.ts';
import { DrainClock } from './drain-clock.ts';
import type { Driver } from './relay.ts';

/** What it is told. */
export interface MemoryOptions {
  readonly databaseUrl: string;
  readonly brokers: readonly string[];
  readonly driver: Driver;
}

/** Records of a batch: what the publisher would cut larger ones into. */
const PIECE = 1000;

/**
 * The limit of a relay: the same client sends the same records, made ready in memory before, each
 * partition as fast as it goes, in order.
 */
export async function prepareMemory(options: MemoryOptions): Promise<Prepared> {
  const { databaseUrl, brokers, driver } = options;
  const database = openPool(databaseUrl, 2);
  const kafka = openKafka({ brokers, clientId: 'bench-memory', logger: silentLogger, driver });
  const publisher = kafka.publisher();
  const partitions = new Map<
    string,
    { topic: string; partition: number; records: KafkaRecord[] }
  >();
  let count = 0;
  for (let after = 0n; ; ) {
    const { events, scanned } = await readWindow(database, { after, limit: 1000 });
    if (scanned.position === after) break;
    for (const event of events) {
      const topic = topicOf(event.eventType);
      const partition = partitionOf(event.aggregateId, DEFAULT_PARTITIONS);
      const name = `${topic} ${partition}`;
      const found = partitions.get(name) ?? { topic, partition, records: [] };
      found.records.push({
        key: event.aggregateId,
        value: event.payload,
        headers: recordHeaders(event),
      });
      partitions.set(name, found);
      count += 1;
    }
    after = scanned.position;
  }
  await database.close();
  await publisher.start();
  const topics = new Set([...partitions.values()].map(({ topic }) => topic));
  await Promise.all([...topics].map((topic) => publisher.partitionsOf(topic)));
  const clock = new DrainClock(count);
  const send = async ({ topic, partition, records }: KafkaBatch) => {
    for (let at = 0; at < records.length; at += PIECE) {
      const piece = records.slice(at, at + PIECE);
      await publisher.publish({ topic, partition, records: piece });
      clock.acknowledged(piece.length);
    }
  };
  return {
    async go() {
      clock.start();
      await Promise.all([...partitions.values()].map(send));
      return { values: clock.values() };
    },
    async stop() {
      await publisher.stop();
      await kafka.admin().close();
    },
  };
}
