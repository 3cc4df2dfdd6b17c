import { outboxMigrations } from '@nova/outbox';
import { migrate } from '@nova/postgres';
import { silentLogger } from '@nova/telemetry';
import { makeDatabase } from '../harness/databases.ts';
import { interleave } from '../harness/rounds.ts';
import type { Metric, Outcome, Scenario, Subject } from '../harness/scenario.ts';
import { type Stage, watched } from '../harness/stage.ts';
import { startWorker } from '../harness/worker.ts';
import { wrongInLog } from '../workload/judge-log.ts';

const metrics: readonly Metric[] = [
  { key: 'rate', title: 'rate', unit: 'appends/s', better: 'higher' },
  { key: 'p50', title: 'p50', unit: 'ms', better: 'lower' },
  { key: 'p99', title: 'p99', unit: 'ms', better: 'lower' },
  { key: 'cpu', title: 'own CPU', unit: 'CPU-s per million', better: 'lower' },
  { key: 'postgresCpu', title: 'PostgreSQL CPU', unit: 'CPU-s per million', better: 'lower' },
];
const CALLERS = [32, 1024];
/** Parts of the events of a large backlog: about two seconds each. */
const SHARES = { together: 1 / 5, alone: 1 / 40 };
const TITLES = { together: 'group commit', alone: 'a transaction each' };

/** W8: appends of many callers. */
export const w8: Scenario = {
  name: 'w8',
  question: 'What does it bring that appends of many callers share a commit?',
  notes: [
    'Callers within one process, one event each time, the next when the last is answered; the queue of events-service against outbox_append on 32 connections.',
    'Those who append alone get an eighth of the events: they are judged by their rate.',
  ],
  metrics,
  targets: CALLERS.flatMap((callers) => {
    const pair = {
      of: `${TITLES.together}, ${callers} callers`,
      against: `${TITLES.alone}, ${callers} callers`,
    };
    const floor = callers === 32 ? 4 : 7;
    return [
      { what: `appends/s of ${callers} callers together`, metric: 'rate', ...pair, floor },
      { what: `p99 of ${callers} callers together`, metric: 'p99', ...pair, floor: 1 },
    ];
  }),
  run: (stage) => {
    const modes = ['together', 'alone'] as const;
    const subjects = CALLERS.flatMap((callers) =>
      modes.map((mode) => subject(stage, mode, callers)),
    );
    return interleave(stage, metrics, subjects);
  },
};

function subject(stage: Stage, mode: 'together' | 'alone', callers: number): Subject {
  const events = Math.max(100, Math.round(stage.sizes.events * SHARES[mode]));
  const workload = { events, aggregates: 5000 };
  return { name: `${TITLES[mode]}, ${callers} callers`, run };

  async function run(): Promise<Outcome> {
    const { database, url, drop } = await makeDatabase(stage);
    try {
      await migrate(database, outboxMigrations, { owner: 'outbox', logger: silentLogger });
      const worker = await startWorker('appender', { databaseUrl: url, mode, callers, workload });
      const { result, foreign, postgresSeconds } = await watched(stage, () => worker.go());
      await worker.stop();
      const values = {
        ...result.values,
        cpu: (result.cpuSeconds * 1e6) / events,
        postgresCpu: (postgresSeconds * 1e6) / events,
      };
      return { values, foreign, wrong: await wrongInLog(database, workload) };
    } finally {
      await drop();
    }
  }
}
