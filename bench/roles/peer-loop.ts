import { openPool } from '../harness/databases.ts';
import type { Prepared } from '../harness/worker-messages.ts';
import { batchedLoop } from '../peers/batched-loop.ts';
import { documentedLoop } from '../peers/documented-loop.ts';
import { plainProducer } from '../peers/plain-producer.ts';
import { DrainClock } from './drain-clock.ts';

/** What it is told. */
export interface PeerLoopOptions {
  readonly databaseUrl: string;
  readonly brokers: readonly string[];
  readonly loop: 'documented' | 'batched';
  readonly events: number;
}

/** A loop of the peers draining its outbox, with kafkajs as it comes: idempotent, acks of all. */
export async function preparePeerLoop(options: PeerLoopOptions): Promise<Prepared> {
  const { databaseUrl, brokers, loop, events } = options;
  const database = openPool(databaseUrl, 2);
  const producer = await plainProducer(brokers);
  await database.ping();
  const clock = new DrainClock(events);
  const stopping = new AbortController();
  const run = loop === 'documented' ? documentedLoop : batchedLoop;
  let running = Promise.resolve();
  return {
    async go() {
      clock.start();
      running = run(database, producer, (records) => clock.acknowledged(records), stopping.signal);
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
