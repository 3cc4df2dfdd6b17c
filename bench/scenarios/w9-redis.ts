import { interleave } from '../harness/rounds.ts';
import type { Metric, Outcome, Scenario, Subject } from '../harness/scenario.ts';
import { type Stage, watched } from '../harness/stage.ts';
import { startWorker } from '../harness/worker.ts';
import type { MarkerOptions } from '../roles/marker.ts';

const metrics: readonly Metric[] = [
  { key: 'rate', title: 'rate', unit: 'events/s', better: 'higher' },
  { key: 'cpu', title: 'own CPU', unit: 'CPU-s per million', better: 'lower' },
  { key: 'redisCpu', title: 'Redis CPU', unit: 'CPU-s per million', better: 'lower' },
];
const TITLES = { rounds: 'rounds of 500', alone: 'SET NX for each' } as const;
/** Parts of the events of a large backlog. */
const SHARES = { rounds: 1, alone: 1 / 10 } as const;
let turns = 0;

/** W9, into Redis. */
export const w9redis: Scenario = {
  name: 'w9redis',
  question: 'How fast are events marked as applied in Redis, in rounds and one by one?',
  notes: [
    'nova keeps no view in Redis, but marks of applied events, which consumers look for and set once a round: two scripts for 500 events, one connection. Events are made in memory; a Redis of its own, without files.',
    'One by one gets a tenth of the events: it is judged by its rate. It looks and marks in one command.',
    'Judged by doing it again: all events must be new the first time, none the second.',
  ],
  metrics,
  targets: [
    {
      what: 'rate of marks in Redis against SET NX one by one',
      metric: 'rate',
      of: TITLES.rounds,
      against: TITLES.alone,
      floor: 15,
    },
  ],
  run: (stage) =>
    interleave(
      stage,
      metrics,
      (['rounds', 'alone'] as const).map((way) => subject(stage, way)),
    ),
};

function subject(stage: Stage, way: MarkerOptions['way']): Subject {
  const events = Math.max(100, Math.round(stage.sizes.events * SHARES[way]));
  return { name: TITLES[way], run };

  async function run(): Promise<Outcome> {
    turns += 1;
    const redis = await stage.servers.redis();
    const given = { redisUrl: redis.url, way, events, suffix: `turn${turns}` };
    const worker = await startWorker('marker', given);
    try {
      const { result, foreign, trees } = await watched(stage, () => worker.go(), [redis.pid]);
      const perMillion = (seconds: number) => (seconds * 1e6) / events;
      const { rate = 0, fresh = 0 } = result.values;
      const values = {
        rate,
        cpu: perMillion(result.cpuSeconds),
        redisCpu: perMillion(trees.get(redis.pid) ?? 0),
      };
      return { values, foreign, wrong: wrongIn(events, fresh, await freshAgain(given)) };
    } finally {
      await worker.stop();
    }
  }
}

async function freshAgain(given: MarkerOptions): Promise<number> {
  const worker = await startWorker('marker', given);
  try {
    const { values } = await worker.go();
    return values['fresh'] ?? Number.NaN;
  } finally {
    await worker.stop();
  }
}

function wrongIn(events: number, fresh: number, again: number): string | undefined {
  if (fresh === events && again === 0) return undefined;
  return `${events - fresh} of ${events} not new at first, ${again} new again`;
}
