import { readFileSync } from 'node:fs';
import { consumerMigrations } from '@nova/consumer';
import { outboxMigrations } from '@nova/outbox';
import { migrate } from '@nova/postgres';
import { silentLogger } from '@nova/telemetry';
import { type BenchDatabase, makeDatabase } from '../harness/databases.ts';
import { interleave } from '../harness/rounds.ts';
import type { Metric, Outcome, Scenario, Subject } from '../harness/scenario.ts';
import { type Stage, watched } from '../harness/stage.ts';
import { startWorker, type Worker } from '../harness/worker.ts';
import { processedEvents } from '../peers/message-transaction.ts';
import type { Driver } from '../roles/relay.ts';
import { appendEvents } from '../workload/backlog.ts';
import { benchTable, wrongInView } from '../workload/bench-view.ts';
import { topicsOf } from '../workload/topics.ts';
import type { Workload } from '../workload/workload.ts';
import { DRIVERS } from './drain.ts';

const metrics: readonly Metric[] = [
  { key: 'rate', title: 'rate', unit: 'events/s', better: 'higher' },
  { key: 'cpu', title: 'own CPU', unit: 'CPU-s per million', better: 'lower' },
  { key: 'postgresCpu', title: 'PostgreSQL CPU', unit: 'CPU-s per million', better: 'lower' },
  { key: 'rss', title: 'memory', unit: 'MiB at most', better: 'lower' },
];
const ALONE = 'a transaction per message';
/** Parts of the events of a large backlog. */
const SHARES = { rounds: 1 / 5, alone: 1 / 100 };
let turns = 0;

/** W9: events into a view. */
export const w9: Scenario = {
  name: 'w9',
  question: 'How fast do events of Kafka get into a view in PostgreSQL, in rounds and one by one?',
  notes: [
    'All events are in Kafka before; one view, 2,000 aggregates, 6 topics of 8 partitions. From the start of the consumer, joining its group included.',
    `One by one gets a twentieth of the events: it is judged by its rate. Into Redis: w9redis.`,
    'The rows of the view are judged: a chain of hashes over the payloads in their order.',
  ],
  metrics,
  targets: DRIVERS.map((driver) => ({
    what: `rate with ${driver} against a transaction per message`,
    metric: 'rate',
    of: `rounds, ${driver}`,
    against: ALONE,
    floor: 25,
  })),
  run: (stage) =>
    interleave(stage, metrics, [
      ...DRIVERS.map((driver) => ({
        name: `rounds, ${driver}`,
        run: () => turn(stage, 'rounds', driver),
      })),
      { name: ALONE, run: () => turn(stage, 'alone', 'kafkajs') } satisfies Subject,
    ]),
};

async function turn(stage: Stage, way: 'rounds' | 'alone', driver: Driver): Promise<Outcome> {
  turns += 1;
  const events = Math.max(50, Math.round(stage.sizes.events * SHARES[way]));
  // Topics of its own: a new consumer reads all that a topic has.
  const workload = { events, aggregates: 2000, suffix: `turn${turns}` };
  await stage.topics.ensure(topicsOf(workload));
  const log = await makeDatabase(stage);
  const views = await makeDatabase(stage);
  const workers: Worker[] = [];
  try {
    await migrate(log.database, outboxMigrations, { owner: 'outbox', logger: silentLogger });
    const given = { viewsUrl: views.url, brokers: stage.servers.kafka.brokers, driver, workload };
    if (way === 'rounds') {
      const owner = { owner: 'consumer', logger: silentLogger };
      await migrate(views.database, consumerMigrations, owner);
      workers.push(await startWorker('consumer', { ...given, logUrl: log.url, work: 'apply' }));
    } else {
      await views.database.query(readFileSync(benchTable, 'utf8'));
      await views.database.query(processedEvents);
      workers.push(await startWorker('messageLoop', given));
    }
    await publishAll(stage, log, workload);
    const { result, foreign, postgresSeconds } = await watched(stage, async () => {
      const [worker] = workers;
      if (worker === undefined) throw new TypeError('no worker');
      return worker.go();
    });
    const values = {
      ...result.values,
      cpu: (result.cpuSeconds * 1e6) / events,
      postgresCpu: (postgresSeconds * 1e6) / events,
      rss: result.maxRssMb,
    };
    const schema = way === 'rounds' ? 'views_g1' : 'public';
    return { values, foreign, wrong: await wrongInView(views.database, schema, workload) };
  } finally {
    await Promise.all(workers.map((worker) => worker.stop()));
    await Promise.all([log.drop(), views.drop()]);
  }
}

/** Into the log and into Kafka, before anything is measured. */
async function publishAll(stage: Stage, log: BenchDatabase, workload: Workload): Promise<void> {
  await appendEvents(log.database, workload, 0, workload.events);
  const { brokers } = stage.servers.kafka;
  const sender = await startWorker('memory', {
    ...{ databaseUrl: log.url, brokers, driver: 'platformatic' },
  });
  await sender.go();
  await sender.stop();
}
