import { outboxMigrations } from '@nova/outbox';
import { migrate } from '@nova/postgres';
import { silentLogger } from '@nova/telemetry';
import { sleep } from '@nova/time';
import { makeDatabase, transactions } from '../harness/databases.ts';
import { readProcessor, useBetween } from '../harness/processor.ts';
import { interleave } from '../harness/rounds.ts';
import type { Metric, Outcome, Scenario, Subject } from '../harness/scenario.ts';
import { type Stage, watched } from '../harness/stage.ts';
import { startWorker } from '../harness/worker.ts';
import type { Driver } from '../roles/relay.ts';
import { DRIVERS } from './drain.ts';

const metrics: readonly Metric[] = [
  { key: 'cpu', title: 'own CPU', unit: 'ms/s', better: 'lower' },
  { key: 'queries', title: 'transactions', unit: '/s', better: 'lower' },
  { key: 'postgresCpu', title: 'PostgreSQL CPU', unit: 'ms/s', better: 'lower' },
];
/** Of the default size: 20 s. */
const SECONDS_PER_EVENT = 20 / 200_000;
/** What a start leaves to be done is over by then. */
const SETTLE_MS = 5000;

/** W14: nothing happens. */
export const w14: Scenario = {
  name: 'w14',
  question: 'What does a relay cost while nothing happens?',
  notes: [
    'A relay that owns all lanes of an empty log, 20 s after it has settled. Services: w14services.',
    'Transactions as PostgreSQL counts them for the database; its own count is told late, by a second at most.',
  ],
  metrics,
  targets: DRIVERS.flatMap((driver) => [
    {
      what: `CPU of an idle relay, ${driver}, ms/s`,
      metric: 'cpu',
      of: `relay, ${driver}`,
      floor: 20,
    },
    { what: `its transactions/s, ${driver}`, metric: 'queries', of: `relay, ${driver}`, floor: 10 },
  ]),
  run: (stage) =>
    interleave(
      stage,
      metrics,
      DRIVERS.map((driver) => subject(stage, driver)),
    ),
};

function subject(stage: Stage, driver: Driver): Subject {
  const seconds = Math.max(1, stage.sizes.events * SECONDS_PER_EVENT);
  return { name: `relay, ${driver}`, run };

  async function run(): Promise<Outcome> {
    const { database, url, drop } = await makeDatabase(stage);
    try {
      await migrate(database, outboxMigrations, { owner: 'outbox', logger: silentLogger });
      const { brokers } = stage.servers.kafka;
      const options = { databaseUrl: url, brokers, driver, events: 1, startsAtOnce: true } as const;
      const relay = await startWorker('relay', options);
      await sleep(Math.min(SETTLE_MS, seconds * 1000));
      const before = readProcessor([relay.pid]);
      const asked = await transactions(database);
      const { foreign, postgresSeconds, elapsedMs } = await watched(stage, () =>
        sleep(seconds * 1000),
      );
      const queries = (await transactions(database)) - asked;
      const { trees } = useBetween(before, readProcessor([relay.pid]), process.pid);
      await relay.stop();
      const each = 1000 / elapsedMs;
      const values = {
        cpu: (trees.get(relay.pid) ?? 0) * 1000 * each,
        queries: queries * each,
        postgresCpu: postgresSeconds * 1000 * each,
      };
      return { values, foreign };
    } finally {
      await drop();
    }
  }
}
