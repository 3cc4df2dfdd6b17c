import { consumerMigrations } from '@nova/consumer';
import { outboxMigrations } from '@nova/outbox';
import { migrate } from '@nova/postgres';
import { silentLogger } from '@nova/telemetry';
import { makeDatabase } from '../harness/databases.ts';
import { interleave } from '../harness/rounds.ts';
import type { Metric, Outcome, Scenario, Subject } from '../harness/scenario.ts';
import { type Stage, watched } from '../harness/stage.ts';
import { quantile } from '../harness/statistics.ts';
import { startWorker, type Worker } from '../harness/worker.ts';
import type { Driver } from '../roles/relay.ts';
import { readSeen, type SeenState, wrongInSeen } from '../workload/seen-view.ts';
import { topicsOf } from '../workload/topics.ts';
import { type EventKind, kindOf, TOPIC_LIMIT } from '../workload/troubles.ts';
import type { Workload } from '../workload/workload.ts';
import { DRIVERS } from './drain.ts';

const PER_SECOND = 200;
/** Of the events of a large backlog. */
const SHARE = 1 / 20;
/** Before those that count, at most as many: a process that has just started is busy with itself. */
const WARM_EVENTS = 5 * PER_SECOND;
const AGGREGATES = 1000;
const metrics: readonly Metric[] = [
  { key: 'p50', title: 'others: p50', unit: 'ms', better: 'lower' },
  { key: 'p99', title: 'others: p99', unit: 'ms', better: 'lower' },
  { key: 'max', title: 'others: longest', unit: 'ms', better: 'lower' },
  { key: 'hotP99', title: 'hot aggregate: p99', unit: 'ms', better: 'lower' },
  { key: 'relayCpu', title: 'relay CPU', unit: 'CPU-s per million', better: 'lower' },
  { key: 'consumerCpu', title: 'consumer CPU', unit: 'CPU-s per million', better: 'lower' },
];
const nameOf = (driver: Driver, troubled: boolean) =>
  `${troubled ? 'with troubles' : 'clean'}, ${driver}`;
let turns = 0;

/** W11: poison, oversize, a hot aggregate. */
export const w11: Scenario = {
  name: 'w11',
  question: 'What do poison, oversize and a hot aggregate cost the other aggregates?',
  notes: [
    `Open load of ${PER_SECOND} events/s through log, relay and Kafka into a view in PostgreSQL, in place of what is clean: 50 % of one aggregate, 1 % that no fold takes, 1 % that no topic takes (100 KiB, topics take 64), each of these of an aggregate of its own. Latencies from when an event was due until its row was committed, as PostgreSQL noted it; the first five seconds do not count.`,
    'Others are the 48 % that are the same events in both. The end of the last retries, 11 s later, is in the figures of the processor.',
    'Judged: each row is there once with its version and content, the consumer has parked all poison, the relay all that is too large, and nothing else.',
  ],
  metrics,
  targets: DRIVERS.map((driver) => ({
    what: `p99 of other aggregates with ${driver}, with troubles against clean`,
    metric: 'p99',
    of: nameOf(driver, true),
    against: nameOf(driver, false),
    floor: 1.2,
  })),
  run: (stage) =>
    interleave(
      stage,
      metrics,
      DRIVERS.flatMap((driver) => [subject(stage, driver, false), subject(stage, driver, true)]),
    ),
};

function subject(stage: Stage, driver: Driver, troubled: boolean): Subject {
  return { name: nameOf(driver, troubled), run: () => turn(stage, driver, troubled) };
}

async function turn(stage: Stage, driver: Driver, troubled: boolean): Promise<Outcome> {
  turns += 1;
  const counted = Math.max(200, Math.round(stage.sizes.events * SHARE));
  const events = counted + Math.min(counted, WARM_EVENTS);
  const workload = { events, aggregates: AGGREGATES, suffix: `troubles${turns}`, troubled };
  const topics = topicsOf(workload);
  await stage.topics.ensure(topics, { 'max.message.bytes': String(TOPIC_LIMIT) });
  const log = await makeDatabase(stage);
  const views = await makeDatabase(stage);
  const workers: Worker[] = [];
  const start = async (worker: Promise<Worker>) => {
    workers.push(await worker);
    return worker;
  };
  try {
    const owned = (owner: string) => ({ owner, logger: silentLogger });
    await migrate(log.database, outboxMigrations, owned('outbox'));
    await migrate(views.database, consumerMigrations, owned('consumer'));
    const given = { brokers: stage.servers.kafka.brokers, driver };
    const refused = countOf(workload, 'oversize');
    const poison = countOf(workload, 'poison');
    const relay = await start(
      startWorker('relay', {
        ...{ ...given, databaseUrl: log.url, topics, startsAtOnce: true },
        events: events - refused,
      }),
    );
    const consumer = await start(
      startWorker('consumer', {
        ...{ ...given, logUrl: log.url, viewsUrl: views.url, workload, work: 'follow' },
        ...{ poison, refused },
      }),
    );
    const load = await start(
      startWorker('load', {
        ...{ ...given, databaseUrl: log.url, mode: 'append', perSecond: PER_SECOND, workload },
      }),
    );
    const { result, foreign } = await watched(stage, () =>
      Promise.all([load.go(), relay.go(), consumer.go()]),
    );
    const [due, relayed, applied] = result;
    const state = await readSeen(views.database, log.database);
    const values = {
      ...latencies(workload, counted, due.lists?.['dueAt'] ?? [], state),
      relayCpu: (relayed.cpuSeconds * 1e6) / events,
      consumerCpu: (applied.cpuSeconds * 1e6) / events,
    };
    return { values, foreign, wrong: wrongInSeen(workload, state) };
  } finally {
    await Promise.all(workers.map((worker) => worker.stop()));
    await Promise.all([log.drop(), views.drop()]);
  }
}

function countOf(workload: Workload, kind: EventKind): number {
  let count = 0;
  for (let n = 0; n < workload.events; n += 1) if (kindOf(workload, n) === kind) count += 1;
  return count;
}

function latencies(
  { events }: Workload,
  counted: number,
  dueAt: readonly number[],
  { rows }: SeenState,
): Record<string, number> {
  // Both subjects are judged by the same events, whatever they are in this one.
  const took = (kind: EventKind) =>
    rows
      .filter(({ n }) => n >= events - counted && kindOf({ troubled: true }, n) === kind)
      .map(({ n, at }) => at - (dueAt[n] ?? Number.NaN));
  const others = took('other');
  return {
    p50: quantile(others, 0.5),
    p99: quantile(others, 0.99),
    max: quantile(others, 1),
    hotP99: quantile(took('hot'), 0.99),
  };
}
