import type { Database } from '@nova/postgres';
import { openPool } from '../harness/databases.ts';
import type { Prepared } from '../harness/worker-messages.ts';
import { batchedLoop } from '../peers/batched-loop.ts';
import { documentedLoop } from '../peers/documented-loop.ts';
import { plainProducer } from '../peers/plain-producer.ts';
import { transactionalOutbox } from '../peers/transactional-outbox.ts';
import { DrainClock } from './drain-clock.ts';

/** What runs until the signal aborts, and tells how many records Kafka has acknowledged. */
type Loop = (
  given: { readonly databaseUrl: string; readonly database: Database; readonly producer: Producer },
  sent: (records: number) => void,
  signal: AbortSignal,
) => Promise<void>;

type Producer = Awaited<ReturnType<typeof plainProducer>>;

const loops = {
  documented: ({ database, producer }, sent, signal) =>
    documentedLoop(database, producer, sent, signal),
  batched: ({ database, producer }, sent, signal) => batchedLoop(database, producer, sent, signal),
  transactionalOutbox: ({ databaseUrl, producer }, sent, signal) =>
    transactionalOutbox(databaseUrl, producer, sent, signal),
} satisfies Record<string, Loop>;

/** What it is told. */
export interface PeerLoopOptions {
  readonly databaseUrl: string;
  readonly brokers: readonly string[];
  readonly loop: keyof typeof loops;
  readonly events: number;
}

/** A peer in Node draining its outbox, with kafkajs as it comes: idempotent, acks of all. */
export async function preparePeerLoop(options: PeerLoopOptions): Promise<Prepared> {
  const { databaseUrl, brokers, loop, events } = options;
  const database = openPool(databaseUrl, 2);
  const producer = await plainProducer(brokers);
  await database.ping();
  const clock = new DrainClock(events);
  const stopping = new AbortController();
  let running = Promise.resolve();
  return {
    async go() {
      clock.start();
      const sent = (records: number) => clock.acknowledged(records);
      running = loops[loop]({ databaseUrl, database, producer }, sent, stopping.signal);
      await Promise.race([clock.drained, running]);
      return { values: clock.values() };
    },
    async stop() {
      stopping.abort();
      await running;
      await producer.disconnect();
      await database.close();
    },
  };
}
