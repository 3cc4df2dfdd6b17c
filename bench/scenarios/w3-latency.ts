import { outboxMigrations } from '@nova/outbox';
import { type Database, migrate } from '@nova/postgres';
import type { KafkaConnect } from '@nova/servers';
import { silentLogger } from '@nova/telemetry';
import { sleep } from '@nova/time';
import { debezium } from '../harness/connect-worker.ts';
import { makeDatabase } from '../harness/databases.ts';
import { logicalStage, makeLogicalDatabase } from '../harness/logical-databases.ts';
import { readProcessor, useBetween } from '../harness/processor.ts';
import { interleave } from '../harness/rounds.ts';
import type { Metric, Outcome, Scenario, Subject } from '../harness/scenario.ts';
import { type Stage, watched } from '../harness/stage.ts';
import { quantile } from '../harness/statistics.ts';
import { startWorker } from '../harness/worker.ts';
import type { WorkEnd } from '../harness/worker-messages.ts';
import { debeziumSetup } from '../peers/debezium.ts';
import type { LoadOptions } from '../roles/load.ts';
import type { Driver } from '../roles/relay.ts';
import { wrongIn } from '../workload/oracle.ts';
import type { Workload } from '../workload/workload.ts';
import { DRIVERS } from './drain.ts';
import { DEBEZIUM } from './w2-debezium.ts';

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

const STREAMING_WITHIN_MS = 180_000;

function debeziumReadBy(driver: Driver): string {
  return `${DEBEZIUM}, read by ${driver}`;
}

/** W3: from an append to a consumer. */
export const w3: Scenario = {
  name: 'w3',
  question: 'How long from an append to a consumer at 500 events/s, against producing directly?',
  notes: [
    'Open load: a latency begins when its event was due, so it holds the append, the commit, the relay, Kafka and the fetch; directly, the send in place of the first three.',
    'The first five seconds do not count. Load, relay and consumer are processes of their own; the same client library in all.',
    'Debezium, only `--with debezium`: as in w2, its first twenty seconds do not count; the load inserts and commits each row by itself, on 16 connections, into a PostgreSQL of the same kind with wal_level logical; its processor is that of Kafka Connect.',
  ],
  metrics,
  targets: DRIVERS.flatMap((driver) => {
    const pair = { of: `nova, ${driver}`, against: `directly, ${driver}` };
    const peer = { ...pair, against: debeziumReadBy(driver), with: 'debezium' } as const;
    return [
      { what: `p50 with ${driver} against producing directly`, metric: 'p50', ...pair, floor: 2 },
      { what: `p99 with ${driver} against producing directly`, metric: 'p99', ...pair, floor: 4 },
      { what: `p50 with ${driver} against Debezium`, metric: 'p50', ...peer, floor: 0.5 },
      { what: `p99 with ${driver} against Debezium`, metric: 'p99', ...peer, floor: 0.8 },
    ];
  }),
  run(stage) {
    const asked = stage.sizes.with?.includes('debezium') ?? false;
    const ways = [throughNova, withoutNova, ...(asked ? [throughDebezium] : [])];
    const subjects = DRIVERS.flatMap((driver) => ways.map((way) => subject(stage, driver, way)));
    return interleave(stage, metrics, subjects);
  },
};

interface Turn {
  readonly stage: Stage;
  /** How many of the events count, the last ones. */
  readonly counted: number;
  readonly workload: Workload;
  readonly driver: Driver;
  /** Has something ended when the turn is over, the last one first. */
  after(end: () => Promise<unknown>): void;
}

/** How events get to a consumer. */
interface Way {
  /** Times as many events as others need before those that count. */
  readonly warmUp: number;
  title(driver: Driver): string;
  run(turn: Turn): Promise<Outcome>;
}

function subject(stage: Stage, driver: Driver, way: Way): Subject {
  const counted = Math.max(50, Math.round(stage.sizes.events * SHARE));
  const warm = Math.min(counted, WARM_EVENTS) * way.warmUp;
  const workload = { events: counted + warm, aggregates: 1000 };
  return {
    name: way.title(driver),
    async run() {
      const ends: (() => Promise<unknown>)[] = [];
      const after = (end: () => Promise<unknown>) => void ends.unshift(end);
      try {
        return await way.run({ stage, counted, workload, driver, after });
      } finally {
        for (const end of ends) await end();
      }
    },
  };
}

const throughNova: Way = {
  warmUp: 1,
  title: (driver) => `nova, ${driver}`,
  async run(turn) {
    const { stage, workload, driver, after } = turn;
    const { brokers } = stage.servers.kafka;
    const { events } = workload;
    const base = await makeDatabase(stage);
    after(base.drop);
    await migrate(base.database, outboxMigrations, { owner: 'outbox', logger: silentLogger });
    const relay = await startWorker('relay', {
      ...{ databaseUrl: base.url, brokers, driver, events },
      startsAtOnce: true,
    });
    after(relay.stop);
    const relaying = relay.go();
    const outcome = await measure(turn, 'append', base.url);
    const { cpuSeconds } = await relaying;
    return withRelayCpu(outcome, cpuSeconds, events);
  },
};

const withoutNova: Way = {
  warmUp: 1,
  title: (driver) => `directly, ${driver}`,
  run: (turn) => measure(turn, 'direct', turn.stage.servers.postgres.url),
};

const throughDebezium: Way = {
  // Java compiles for longer.
  warmUp: 4,
  title: debeziumReadBy,
  async run(turn) {
    const stage = await logicalStage(turn.stage);
    const base = await makeLogicalDatabase(stage);
    turn.after(base.drop);
    for (const sql of debeziumSetup(base.name)) await base.admin.query(sql);
    const connect = await debezium(stage, base.adminUrl);
    turn.after(connect.remove);
    const pid = await connect.start();
    await streaming(base.admin, connect);
    const before = readProcessor([pid]);
    const outcome = await measure({ ...turn, stage }, 'insert', base.adminUrl);
    const { trees } = useBetween(before, readProcessor([pid]), process.pid);
    return withRelayCpu(outcome, trees.get(pid) ?? 0, turn.workload.events);
  },
};

/** Before that, nothing that is inserted would be on its way at once. */
async function streaming(admin: Database, connect: KafkaConnect): Promise<void> {
  const giveUpAt = performance.now() + STREAMING_WITHIN_MS;
  const sql = `
    SELECT 1 FROM pg_replication_slots JOIN pg_stat_replication ON pid = active_pid
    WHERE database = current_database() AND state = 'streaming'`;
  while ((await admin.query(sql)).length === 0) {
    if (performance.now() > giveUpAt) throw new Error(`Debezium reads nothing:\n${connect.log()}`);
    await sleep(100);
  }
}

function withRelayCpu(outcome: Outcome, seconds: number, events: number): Outcome {
  const relayCpu = (seconds * 1000 * PER_SECOND) / events;
  return { ...outcome, values: { ...outcome.values, relayCpu } };
}

async function measure(
  { stage, counted, workload, driver, after }: Turn,
  mode: LoadOptions['mode'],
  databaseUrl: string,
): Promise<Outcome> {
  const { brokers } = stage.servers.kafka;
  const { events } = workload;
  const offsets = stage.topics.offsets();
  const sink = await startWorker('sink', { brokers, driver, events, offsets });
  after(sink.stop);
  const given = { databaseUrl, brokers, driver, mode, perSecond: PER_SECOND, workload };
  const load = await startWorker('load', given);
  after(load.stop);
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
