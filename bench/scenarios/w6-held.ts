import { outboxMigrations } from '@nova/outbox';
import { migrate } from '@nova/postgres';
import { silentLogger } from '@nova/telemetry';
import { makeDatabase } from '../harness/databases.ts';
import { interleave } from '../harness/rounds.ts';
import type { Metric, Outcome, Scenario, Subject } from '../harness/scenario.ts';
import { type Stage, watched } from '../harness/stage.ts';
import { startWorker } from '../harness/worker.ts';
import type { Held } from '../roles/held.ts';

const metrics: readonly Metric[] = [
  { key: 'rate', title: 'drain', unit: 'events/s', better: 'higher' },
  { key: 'p99', title: 'p99 at 500 events/s', unit: 'ms', better: 'lower' },
  { key: 'appendRate', title: 'appends in batches of 50', unit: 'events/s', better: 'higher' },
];
/** At the default size a snapshot or transaction is held for a minute; 2,000,000 events: ten. */
const SECONDS_PER_EVENT = 30 / 200_000;
const BACKLOG_SHARE = 3 / 10;
const TITLES: Readonly<Record<Held, string>> = {
  nothing: 'nothing held',
  snapshot: 'snapshot held',
  transaction: 'transaction open',
};

/** W6: what stands in the way of vacuum. */
export const w6: Scenario = {
  name: 'w6',
  question:
    'What does a snapshot or a transaction that somebody holds cost relaying and appending?',
  notes: [
    'Held for a minute and for the drain after it, on a fresh database each; --events 2000000 makes it ten minutes. The relay publishes to nobody; what it publishes is judged.',
    'For half of the time one connection appends as fast as it can, of which the second half counts; then 500 events/s, from the moment each is due until it is published.',
  ],
  metrics,
  targets: (['snapshot', 'transaction'] as const).flatMap((held) => {
    const pair = { of: TITLES[held], against: TITLES.nothing };
    return [
      { what: `drain, ${TITLES[held]}`, metric: 'rate', ...pair, floor: 0.95 },
      { what: `p99, ${TITLES[held]}`, metric: 'p99', ...pair, floor: 1.2 },
      { what: `appending, ${TITLES[held]}`, metric: 'appendRate', ...pair, floor: 0.7 },
    ];
  }),
  run: (stage) =>
    interleave(
      stage,
      metrics,
      (['nothing', 'snapshot', 'transaction'] as const).map((held) => subject(stage, held)),
    ),
};

function subject(stage: Stage, held: Held): Subject {
  const { events } = stage.sizes;
  const seconds = Math.max(1, events * SECONDS_PER_EVENT);
  const backlog = Math.round(events * BACKLOG_SHARE);
  return { name: TITLES[held], run };

  async function run(): Promise<Outcome> {
    const { database, url, drop } = await makeDatabase(stage);
    try {
      await migrate(database, outboxMigrations, { owner: 'outbox', logger: silentLogger });
      const worker = await startWorker('held', { databaseUrl: url, held, seconds, backlog });
      // What is wrong is told as a failure of the worker.
      const { result, foreign } = await watched(stage, () => worker.go());
      await worker.stop();
      return { values: result.values, foreign };
    } finally {
      await drop();
    }
  }
}
