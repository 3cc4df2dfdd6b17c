import { consumerMigrations } from '@nova/consumer';
import { migrate } from '@nova/postgres';
import { silentLogger } from '@nova/telemetry';
import { makeDatabase } from '../harness/databases.ts';
import { interleave } from '../harness/rounds.ts';
import type { Metric, Outcome, Scenario, Subject } from '../harness/scenario.ts';
import { type Stage, watched } from '../harness/stage.ts';
import { startWorker, type Worker } from '../harness/worker.ts';
import { Backlogs } from '../workload/backlog.ts';
import { wrongInView } from '../workload/bench-view.ts';

const metrics: readonly Metric[] = [
  { key: 'per100k', title: 'per 100,000 events', unit: 's', better: 'lower' },
  { key: 'rate', title: 'rate', unit: 'events/s', better: 'higher' },
  { key: 'cpu', title: 'own CPU', unit: 'CPU-s per million', better: 'lower' },
  { key: 'postgresCpu', title: 'PostgreSQL CPU', unit: 'CPU-s per million', better: 'lower' },
  { key: 'rss', title: 'memory', unit: 'MiB at most', better: 'lower' },
];
const SMALL = 'half of the events';
const LARGE = 'twice the events';
const AGGREGATES = 10_000;

/** W10: a view is made anew. */
export const w10: Scenario = {
  name: 'w10',
  question: 'How long does it take to make a view anew from the log, and does memory stay flat?',
  notes: [
    'Half and twice of --events: 100,000 and 400,000 at the default; 500000 makes it a million. The log is read from its database, without gRPC. 10,000 aggregates, 6 event types, 60,000 rows.',
    'Memory is the most that the process ever had, its first fill included.',
  ],
  metrics,
  targets: [
    { what: 'seconds per 100,000 events', metric: 'per100k', of: SMALL, floor: 7, aim: 3 },
    {
      what: 'memory of four times as many events',
      metric: 'rss',
      of: LARGE,
      against: SMALL,
      floor: 1.25,
    },
  ],
  run(stage) {
    const backlogs = new Backlogs(stage);
    return interleave(stage, metrics, [
      subject(stage, backlogs, SMALL, stage.sizes.events / 2),
      subject(stage, backlogs, LARGE, stage.sizes.events * 2),
    ]);
  },
};

function subject(stage: Stage, backlogs: Backlogs, name: string, events: number): Subject {
  const workload = { events: Math.round(events), aggregates: AGGREGATES };
  return { name, run };

  async function run(): Promise<Outcome> {
    const log = await makeDatabase(stage, await backlogs.of(workload));
    const views = await makeDatabase(stage);
    let worker: Worker | undefined;
    try {
      await migrate(views.database, consumerMigrations, {
        owner: 'consumer',
        logger: silentLogger,
      });
      const { brokers } = stage.servers.kafka;
      const given = { logUrl: log.url, viewsUrl: views.url, brokers, workload } as const;
      worker = await startWorker('consumer', { ...given, driver: 'kafkajs', work: 'rebuild' });
      const rebuilding = worker;
      const { result, foreign, postgresSeconds } = await watched(stage, () => rebuilding.go());
      const { seconds = Number.NaN, rate = 0, generation } = result.values;
      const values = {
        rate,
        per100k: (seconds * 100_000) / workload.events,
        cpu: (result.cpuSeconds * 1e6) / workload.events,
        postgresCpu: (postgresSeconds * 1e6) / workload.events,
        rss: result.maxRssMb,
      };
      const wrong = await wrongInView(views.database, `views_g${generation}`, workload);
      return { values, foreign, wrong };
    } finally {
      await worker?.stop();
      await Promise.all([log.drop(), views.drop()]);
    }
  }
}
