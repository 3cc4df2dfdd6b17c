import { outboxMigrations, outboxStatus } from '@nova/outbox';
import { type Database, migrate } from '@nova/postgres';
import { silentLogger } from '@nova/telemetry';
import { sleep } from '@nova/time';
import { makeDatabase } from '../harness/databases.ts';
import { readProcessor, useBetween } from '../harness/processor.ts';
import { interleave } from '../harness/rounds.ts';
import type { Metric, Outcome, Scenario, Subject } from '../harness/scenario.ts';
import { type Stage, watched } from '../harness/stage.ts';
import { startWorker, type Worker } from '../harness/worker.ts';
import { appendEvents } from '../workload/backlog.ts';
import { wrongIn } from '../workload/oracle.ts';

const RELAYS = [1, 4, 8];
/** Part of the events of a large backlog. */
const SHARE = 1 / 2;
/** Published by each relay before, as a share of the events: so that the start of a process does not count. */
const WARM_SHARE = 1 / 20;
const SETTLED_WITHIN_MS = 60_000;
const metrics: readonly Metric[] = [
  { key: 'rate', title: 'rate', unit: 'events/s', better: 'higher' },
  { key: 'cpu', title: 'CPU of all relays', unit: 'CPU-s per million', better: 'lower' },
  { key: 'postgresCpu', title: 'PostgreSQL CPU', unit: 'CPU-s per million', better: 'lower' },
];
const nameOf = (relays: number) => (relays === 1 ? '1 relay' : `${relays} relays`);

/** W5: relays beside each other. */
export const w5: Scenario = {
  name: 'w5',
  question: 'What does it cost that several relays share the lanes?',
  notes: [
    'kafkajs. Relays are settled before: each has its share of the lanes, and has published 10,000 events, at which its code is compiled. Then one connection appends as fast as the log takes it, batches of 500, so the rate is that of appending; PostgreSQL CPU holds the appends.',
  ],
  metrics,
  targets: RELAYS.slice(1).map((relays) => ({
    what: `CPU per event of ${relays} relays against one`,
    metric: 'cpu',
    of: nameOf(relays),
    against: nameOf(1),
    floor: 1.3,
  })),
  run: (stage) =>
    interleave(
      stage,
      metrics,
      RELAYS.map((relays) => subject(stage, relays)),
    ),
};

function subject(stage: Stage, relays: number): Subject {
  const events = Math.round(stage.sizes.events * SHARE);
  const warm = relays * Math.round(stage.sizes.events * WARM_SHARE);
  const workload = { events: warm + events, aggregates: 10_000 };
  const { brokers } = stage.servers.kafka;
  return { name: nameOf(relays), run };

  async function run(): Promise<Outcome> {
    const { database, url, drop } = await makeDatabase(stage);
    const workers: Worker[] = [];
    try {
      await migrate(database, outboxMigrations, { owner: 'outbox', logger: silentLogger });
      const kafka = { brokers, driver: 'kafkajs' } as const;
      const options = { ...kafka, databaseUrl: url, events: workload.events };
      for (let n = 0; n < relays; n += 1) {
        workers.push(await startWorker('relay', { ...options, startsAtOnce: true }));
      }
      await untilShared(database, relays);
      await appendEvents(database, workload, 0, warm);
      await untilPublished(database);
      const pids = workers.map(({ pid }) => pid);
      const before = readProcessor(pids);
      const { foreign, postgresSeconds, elapsedMs } = await watched(stage, async () => {
        await appendEvents(database, workload, warm, workload.events);
        await untilPublished(database);
      });
      const { trees } = useBetween(before, readProcessor(pids), process.pid);
      const seconds = [...trees.values()].reduce((sum, one) => sum + one, 0);
      const values = {
        rate: (events * 1000) / elapsedMs,
        cpu: (seconds * 1e6) / events,
        postgresCpu: (postgresSeconds * 1e6) / events,
      };
      return { values, foreign, wrong: wrongIn(await stage.topics.judge(workload)) };
    } finally {
      await Promise.all(workers.map((worker) => worker.stop()));
      await drop();
    }
  }
}

async function untilPublished(database: Database): Promise<void> {
  while ((await outboxStatus(database)).pending > 0n) await sleep(50);
}

const SHARES = `SELECT count(*)::int AS lanes FROM outbox_lanes WHERE owner IS NOT NULL
  AND lease_until > now() GROUP BY owner`;

async function untilShared(database: Database, relays: number): Promise<void> {
  const giveUpAt = performance.now() + SETTLED_WITHIN_MS;
  for (;;) {
    const shares = await database.query<{ lanes: number }>(SHARES);
    const isFair = shares.every(({ lanes }) => lanes === 64 / relays);
    if (shares.length === relays && isFair) return;
    if (performance.now() > giveUpAt) throw new Error('the relays do not share the lanes');
    await sleep(100);
  }
}
