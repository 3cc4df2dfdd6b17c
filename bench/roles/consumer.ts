import { type Consumer, createConsumer } from '@nova/consumer';
import { openKafka } from '@nova/kafka';
import { silentLogger } from '@nova/telemetry';
import { sleep } from '@nova/time';
import { openPool } from '../harness/databases.ts';
import type { Prepared } from '../harness/worker-messages.ts';
import { benchView } from '../workload/bench-view.ts';
import { logReader } from '../workload/log-reader.ts';
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
   */
  readonly work: 'apply' | 'rebuild';
}

const WITHIN_MS = 600_000;

/** A consumer of nova with one view, as a service runs it. */
export async function prepareConsumer(options: ConsumerOptions): Promise<Prepared> {
  const { logUrl, viewsUrl, brokers, driver, workload, work } = options;
  const log = openPool(logUrl, 4);
  const database = openPool(viewsUrl);
  const kafka = openKafka({ brokers, clientId: 'bench-consumer', logger: silentLogger, driver });
  const open = () =>
    createConsumer({
      definition: { service: 'bench', name: 'views', views: [benchView(workload)], effects: [] },
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
      if (work === 'apply') {
        consumer = open();
        await consumer.start();
        await until(() => consumer.status().appliedTotal >= workload.events, consumer);
      } else {
        generation = await consumer.rebuild();
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

async function until(holds: () => boolean, consumer: Consumer): Promise<void> {
  const giveUpAt = performance.now() + WITHIN_MS;
  while (!holds()) {
    if (performance.now() > giveUpAt) {
      throw new Error(`the consumer is ${JSON.stringify(consumer.status())}`);
    }
    await sleep(5);
  }
}
