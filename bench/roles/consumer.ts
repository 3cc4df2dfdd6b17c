import { type Consumer, createConsumer } from '@nova/consumer';
import { openKafka } from '@nova/kafka';
import { silentLogger } from '@nova/telemetry';
import { sleep } from '@nova/time';
import { openPool } from '../harness/databases.ts';
import type { Prepared } from '../harness/worker-messages.ts';
import { benchView } from '../workload/bench-view.ts';
import { logReader } from '../workload/log-reader.ts';
import { seenView } from '../workload/seen-view.ts';
import type { Workload } from '../workload/workload.ts';
import type { Driver } from './relay.ts';

/** What it is told. */
export interface ConsumerOptions {
  readonly logUrl: string;
  readonly viewsUrl: string;
  readonly brokers: readonly string[];
  readonly driver: Driver;
  readonly workload: Workload;
  /**
   * `apply`: runs once over an empty log, stops, and at go applies what Kafka has by then.
   * `rebuild`: applies the log, and at go makes its views anew.
   * `follow`: runs over an empty log, and applies what comes; its view has a row for each event.
   */
  readonly work: 'apply' | 'rebuild' | 'follow';
  /** How many events it parks, each of an aggregate of its own, and how many never come. */
  readonly poison?: number;
  readonly refused?: number;
}

const WITHIN_MS = 600_000;
/** Nothing applied or parked for so long: what is missing never comes, and the oracle shall say so. */
const STALLED_MS = 60_000;

/** A consumer of nova with one view, as a service runs it. */
export async function prepareConsumer(options: ConsumerOptions): Promise<Prepared> {
  const { logUrl, viewsUrl, brokers, driver, workload, work, poison = 0, refused = 0 } = options;
  const log = openPool(logUrl, 4);
  const database = openPool(viewsUrl);
  const kafka = openKafka({ brokers, clientId: 'bench-consumer', logger: silentLogger, driver });
  const view = work === 'follow' ? seenView(workload) : benchView(workload);
  const open = () =>
    createConsumer({
      definition: { service: 'bench', name: 'views', views: [view], effects: [] },
      database,
      source: kafka.source(),
      log: logReader(log),
      logger: silentLogger,
      // From Kafka, however much waits there.
      settings: { catchUpLag: Number.MAX_SAFE_INTEGER },
    });
  let consumer = open();
  await consumer.start();
  await until(() => consumer.status().phase === 'running', consumer);
  if (work === 'apply') await consumer.stop();
  return {
    async go() {
      const startedAt = performance.now();
      let generation = 1;
      if (work === 'rebuild') generation = await consumer.rebuild();
      else {
        if (work === 'apply') {
          consumer = open();
          await consumer.start();
        }
        await settled(consumer, { applied: workload.events - poison - refused, parked: poison });
      }
      const seconds = (performance.now() - startedAt) / 1000;
      return { values: { seconds, rate: workload.events / seconds, generation } };
    },
    async stop() {
      await consumer.stop();
      await kafka.admin().close();
      await Promise.all([log.close(), database.close()]);
    },
  };
}

/** Until it has everything, or gets nothing more. */
async function settled(
  consumer: Consumer,
  { applied, parked }: { readonly applied: number; readonly parked: number },
): Promise<void> {
  let moved = { at: performance.now(), count: 0 };
  for (;;) {
    const { appliedTotal, parkedAggregates, retryingAggregates } = consumer.status();
    if (appliedTotal >= applied && parkedAggregates >= parked && retryingAggregates === 0) return;
    const count = appliedTotal + parkedAggregates;
    if (count > moved.count) moved = { at: performance.now(), count };
    if (performance.now() - moved.at > STALLED_MS) return;
    await sleep(5);
  }
}

async function until(holds: () => boolean, consumer: Consumer): Promise<void> {
  const giveUpAt = performance.now() + WITHIN_MS;
  while (!holds()) {
    if (performance.now() > giveUpAt) {
      throw new Error(`the consumer is ${JSON.stringify(consumer.status())}`);
    }
    await sleep(5);
  }
}
