import { sleep } from '@nova/time';
import { type BenchDatabase, makeDatabase, transactions } from '../harness/databases.ts';
import { readProcessor, useBetween } from '../harness/processor.ts';
import { interleave } from '../harness/rounds.ts';
import type { Metric, Outcome, Scenario } from '../harness/scenario.ts';
import {
  type ConsumingArea,
  type RunningService,
  startConsumingService,
  startEventsService,
} from '../harness/service.ts';
import { type Stage, watched } from '../harness/stage.ts';

const AREAS: readonly ConsumingArea[] = ['messaging', 'notification', 'search'];
const NAMES = ['events', ...AREAS] as const;
const metrics: readonly Metric[] = NAMES.flatMap((name) => [
  { key: `${name}Queries`, title: `${name}: transactions`, unit: '/s', better: 'lower' },
  { key: `${name}Cpu`, title: `${name}: CPU`, unit: 'ms/s', better: 'lower' },
]);
const SUBJECT = 'four services';
/** Of the default size: 20 s. */
const SECONDS_PER_EVENT = 20 / 200_000;
/** What a start leaves to be done is over by then. */
const SETTLE_MS = 10_000;

/** One of them, and the database that only it uses. */
interface Idle {
  readonly name: (typeof NAMES)[number];
  readonly base: BenchDatabase;
  readonly service: RunningService;
}

/** W14, services. */
export const w14services: Scenario = {
  name: 'w14services',
  question: 'What do services cost while nothing happens?',
  notes: [
    'events-service and the three services with views, each a process with a database of its own, over an empty log; 20 s from the time when all are ready and 10 s have passed.',
    'Transactions as PostgreSQL counts them for each database; its own count is told late, by a second at most. There is nothing for an oracle to judge.',
  ],
  metrics,
  targets: NAMES.map((name) => ({
    what: `transactions/s of ${name}-service while idle`,
    metric: `${name}Queries`,
    of: SUBJECT,
    floor: 10,
  })),
  run: (stage) => interleave(stage, metrics, [{ name: SUBJECT, run: () => turn(stage) }]),
};

async function turn(stage: Stage): Promise<Outcome> {
  const all: Idle[] = [];
  const bases: BenchDatabase[] = [];
  const newBase = async () => {
    const base = await makeDatabase(stage);
    bases.push(base);
    return base;
  };
  try {
    const log = await newBase();
    const events = await startEventsService(stage, log.url);
    all.push({ name: 'events', base: log, service: events });
    for (const name of AREAS) {
      const base = await newBase();
      const service = await startConsumingService(stage, name, base.url, events.address);
      all.push({ name, base, service });
    }
    return await measure(stage, all);
  } finally {
    for (const { service } of all.toReversed()) await service.stop();
    await Promise.all(bases.map((base) => base.drop()));
  }
}

async function measure(stage: Stage, all: readonly Idle[]): Promise<Outcome> {
  const seconds = Math.max(1, stage.sizes.events * SECONDS_PER_EVENT);
  await sleep(Math.min(SETTLE_MS, seconds * 1000));
  const pids = all.map(({ service }) => service.pid);
  const counts = () => Promise.all(all.map(({ base }) => transactions(base.database)));
  const before = readProcessor(pids);
  const asked = await counts();
  const { foreign, elapsedMs } = await watched(stage, () => sleep(seconds * 1000));
  const counted = await counts();
  const { trees } = useBetween(before, readProcessor(pids), process.pid);
  const each = 1000 / elapsedMs;
  const values = all.flatMap(({ name, service }, at) => [
    [`${name}Queries`, ((counted[at] ?? 0) - (asked[at] ?? 0)) * each] as const,
    [`${name}Cpu`, (trees.get(service.pid) ?? 0) * 1000 * each] as const,
  ]);
  return { values: Object.fromEntries(values), foreign };
}
