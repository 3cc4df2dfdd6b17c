import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { boutsOf, nameOf } from './schedule.ts';
import { seededRandom } from './seeded-random.ts';
import { rigOf, SEEDS_OF_NORMAL_RUN, seedsAndLike, seedsByRig, seedsFrom } from './seeds.ts';
import { targetsOf } from './targets.ts';

const RUNS = join(import.meta.dirname, '../runs/runs.jsonl');

const from = seedsFrom;

describe('the seeds of a run', () => {
  it('are run with one driver before the other, so that few rigs are started', () => {
    expect(seedsByRig(from(109, 14))).toEqual([
      [109, 110, ...from(116, 5)],
      [...from(111, 5), 121, 122],
    ]);
  });

  it('begin with the one that was asked for, whatever it runs on', () => {
    expect(seedsByRig([107])).toEqual([[107]]);
    expect(seedsByRig(from(12, 4))).toEqual([from(12, 4)]);
    expect(seedsByRig(from(99, 4))).toEqual([
      [99, 100],
      [101, 102],
    ]);
  });

  it('are followed by others of the same kind, where some prove nothing', () => {
    const like = seedsAndLike([107, 109]);
    const next = from(0, 10).map(() => like.next().value);
    expect(next).toEqual([107, 109, 109, 110, ...from(116, 5), 126]);
    expect([...seedsAndLike([99])]).toEqual([99, 99, 100]);
    // Those from 401 on know one link more.
    expect([...seedsAndLike([398])]).toEqual([398, 398, 399, 400]);
    expect(seedsByRig(from(399, 4))).toEqual([
      [399, 400],
      [401, 402],
    ]);
  });
});

describe('a seed', () => {
  const boutsIn = (seed: number, count: number) => {
    const faults: string[] = [];
    for (const bout of boutsOf(seededRandom(seed), targetsOf(rigOf(seed)))) {
      if (faults.length === count) break;
      faults.push(bout.map((fault) => `${nameOf(fault)} ${fault.target}`).join(' + '));
    }
    return faults;
  };

  it('breaks what it broke when it was recorded', () => {
    const rows = readFileSync(RUNS, 'utf8')
      .split('\n')
      .filter((line) => line.includes('"what":"schedule"'))
      // Written by tellTorture.
      .map((line) => JSON.parse(line) as { seed: number; faults: string[] });
    expect(rows.length).toBeGreaterThan(200);
    for (const { seed, faults } of rows) {
      expect({ seed, faults: boutsIn(seed, faults.length) }).toEqual({ seed, faults });
    }
  });

  it('knows the link of events-service to Kafka from 401 on', () => {
    const breaksIt = (seed: number) =>
      boutsIn(seed, 20).some((bout) => bout.includes('events-kafka'));
    expect(from(301, 100).filter(breaksIt)).toEqual([]);
    expect(from(401, 100).filter(breaksIt).length).toBeGreaterThan(10);
    expect(rigOf(400).registers).toBe(false);
    expect(rigOf(401).registers).toBe(true);
  });

  it('of the normal run is one of four that have all between them', () => {
    const faults = SEEDS_OF_NORMAL_RUN.flatMap((seed) => boutsIn(seed, 2)).join('; ');
    for (const wanted of ['disk full postgres', 'disk full kafka', 'clock', 'events-kafka']) {
      expect(faults).toContain(wanted);
    }
    expect(faults).toMatch(/(kill|stop|restart) redis/);
    const rigs = seedsByRig(SEEDS_OF_NORMAL_RUN).map(([first = 0]) => rigOf(first).driver);
    expect(rigs).toEqual(['kafkajs', 'platformatic']);
  });
});
