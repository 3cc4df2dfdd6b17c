import { outboxMigrations } from '@nova/outbox';
import { migrate } from '@nova/postgres';
import { silentLogger } from '@nova/telemetry';
import { type BenchDatabase, makeDatabase } from '../harness/databases.ts';
import { interleave } from '../harness/rounds.ts';
import type { Metric, Outcome, Scenario, Subject } from '../harness/scenario.ts';
import { type Stage, watched } from '../harness/stage.ts';
import { quantile } from '../harness/statistics.ts';
import { startWorker, type Worker } from '../harness/worker.ts';
import type { WorkEnd } from '../harness/worker-messages.ts';
import type { Driver } from '../roles/relay.ts';
import { wrongIn } from '../workload/oracle.ts';
import type { Workload } from '../workload/workload.ts';
import { DRIVERS } from './drain.ts';

const PER_SECOND = 500;
/** Of the events of a large backlog. */
const SHARE = 1 / 20;
/** Before those that count, at most as many: a process that has just started is busy with itself. */
const WARM_EVENTS = 5 * PER_SECOND;
const metrics: readonly Metric[] = [
  { key: 'p50', title: 'p50', unit: 'ms', better: 'lower' },
  { key: 'p99', title: 'p99', unit: 'ms', better: 'lower' },
  { key: 'p999', title: 'p99.9', unit: 'ms', better: 'lower' },
  { key: 'max', title: 'longest', unit: 'ms', better: 'lower' },
  { key: 'relayCpu', title: 'relay CPU', unit: 'ms/s', better: 'lower' },
];

/** W3: from an append to a consumer. */
export const w3: Scenario = {
  name: 'w3',
  question: 'How long from an append to a consumer at 500 events/s, against producing directly?',
  notes: [
    'Open load: a latency begins when its event was due, so it holds the append, the commit, the relay, Kafka and the fetch; directly, the send in place of the first three.',
    'The first five seconds do not count. Load, relay and consumer are processes of their own; the same client library in all.',
  ],
  metrics,
  targets: DRIVERS.flatMap((driver) => {
    const pair = { of: `nova, ${driver}`, against: `directly, ${driver}` };
    return [
      { what: `p50 with ${driver} against producing directly`, metric: 'p50', ...pair, floor: 2 },
      { what: `p99 with ${driver} against producing directly`, metric: 'p99', ...pair, floor: 4 },
    ];
  }),
  run(stage) {
    const modes = ['append', 'direct'] as const;
    const subjects = DRIVERS.flatMap((driver) => modes.map((mode) => subject(stage, driver, mode)));
    return interleave(stage, metrics, subjects);
  },
};

function subject(stage: Stage, driver: Driver, mode: 'append' | 'direct'): Subject {
  const counted = Math.max(50, Math.round(stage.sizes.events * SHARE));
  const workload = { events: counted + Math.min(counted, WARM_EVENTS), aggregates: 1000 };
  const name = `${mode === 'append' ? 'nova' : 'directly'}, ${driver}`;
  return {
    name,
    async run() {
      const base = await makeDatabase(stage);
      const workers: Worker[] = [];
      try {
        const turn = { stage, counted, workload, driver, base, workers };
        return await (mode === 'append' ? throughNova(turn) : withoutNova(turn));
      } finally {
        await Promise.all(workers.map((worker) => worker.stop()));
        await base.drop();
      }
    },
  };
}

interface Turn {
  readonly stage: Stage;
  /** How many of the events count, the last ones. */
  readonly counted: number;
  readonly workload: Workload;
  readonly driver: Driver;
  readonly base: BenchDatabase;
  /** Those to be stopped at the end. */
  readonly workers: Worker[];
}

async function throughNova(turn: Turn): Promise<Outcome> {
  const { stage, workload, driver, base, workers } = turn;
  const { brokers } = stage.servers.kafka;
  await migrate(base.database, outboxMigrations, { owner: 'outbox', logger: silentLogger });
  const { events } = workload;
  const relay = await startWorker('relay', {
    ...{ databaseUrl: base.url, brokers, driver, events },
    startsAtOnce: true,
  });
  workers.push(relay);
  const relaying = relay.go();
  const outcome = await measure(turn, 'append');
  const { cpuSeconds } = await relaying;
  const relayCpu = (cpuSeconds * 1000 * PER_SECOND) / events;
  return { ...outcome, values: { ...outcome.values, relayCpu } };
}

const withoutNova = (turn: Turn): Promise<Outcome> => measure(turn, 'direct');

async function measure(turn: Turn, mode: 'append' | 'direct'): Promise<Outcome> {
  const { stage, counted, workload, driver, base, workers } = turn;
  const { brokers } = stage.servers.kafka;
  const { events } = workload;
  const sink = await startWorker('sink', {
    brokers,
    driver,
    events,
    offsets: stage.topics.offsets(),
  });
  workers.push(sink);
  const given = { databaseUrl: base.url, brokers, driver, mode, perSecond: PER_SECOND, workload };
  const load = await startWorker('load', given);
  workers.push(load);
  const { result, foreign } = await watched(stage, () => Promise.all([sink.go(), load.go()]));
  return {
    values: latencies(counted, ...result),
    foreign,
    wrong: wrongIn(await stage.topics.judge(workload)),
  };
}

function latencies(counted: number, seen: WorkEnd, due: WorkEnd): Record<string, number> {
  const dueAt = due.lists?.['dueAt'] ?? [];
  const seenAt = seen.lists?.['seenAt'] ?? [];
  const took = dueAt.map((at, n) => (seenAt[n] ?? Number.NaN) - at).slice(-counted);
  return {
    p50: quantile(took, 0.5),
    p99: quantile(took, 0.99),
    p999: quantile(took, 0.999),
    max: quantile(took, 1),
  };
}
