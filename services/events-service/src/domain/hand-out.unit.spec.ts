import { describe, expect, it } from '@jest/globals';
import { type Eligible, handOut, pinnedTo } from './hand-out.ts';

const sessions = (...ids: string[]) => ids.map((id) => ({ id, credits: 10 }));
const events = (count: number): Eligible[] =>
  Array.from({ length: count }, (_, n) => ({ position: BigInt(n + 1), lane: (n * 7) % 64 }));
const counted = (handed: ReadonlyMap<bigint, string>) => {
  const counts: Record<string, number> = {};
  for (const id of handed.values()) counts[id] = (counts[id] ?? 0) + 1;
  return counts;
};

describe('handing out', () => {
  it('goes round among those who have room', () => {
    const live = sessions('a', 'b', 'c');
    const free = new Map([
      ['a', 4],
      ['b', 1],
      ['c', 4],
    ]);
    const given = { strategy: 'round_robin', live, free, eligible: events(7) } as const;
    expect([...handOut({ ...given, turn: 0 }).values()]).toEqual([
      'a',
      'b',
      'c',
      'a',
      'c',
      'a',
      'c',
    ]);
    expect([...handOut({ ...given, turn: 1 }).values()][0]).toBe('b');
    expect(counted(handOut({ ...given, eligible: events(50), turn: 2 }))).toEqual({
      a: 4,
      b: 1,
      c: 4,
    });
  });

  it('gives all to the first of those with credits, wherever that is', () => {
    const free = new Map([['b', 3]]);
    const given = { strategy: 'single', free, eligible: events(5), turn: 3 } as const;
    expect(handOut({ ...given, live: sessions('a', 'b') }).size).toBe(0);
    expect([...handOut({ ...given, live: sessions('b', 'a') }).keys()]).toEqual([1n, 2n, 3n]);
    const paused = [{ id: 'a', credits: 0 }, ...sessions('b')];
    expect(handOut({ ...given, live: paused }).size).toBe(3);
  });

  it('pins lanes to consumers, evenly, and moves few of them when one goes', () => {
    const lanes = Array.from({ length: 64 }, (_, lane) => lane);
    const four = sessions('a-1', 'b-2', 'c-3', 'd-4');
    const before = lanes.map((lane) => pinnedTo(four, lane));
    const after = lanes.map((lane) => pinnedTo(four.slice(1), lane));
    expect(new Set(before).size).toBe(4);
    lanes.forEach((lane) => {
      if (before[lane] !== 'a-1') expect(after[lane]).toBe(before[lane]);
      else expect(after[lane]).not.toBe('a-1');
    });
    const free = new Map(four.map(({ id }) => [id, 100]));
    const eligible = events(64);
    const handed = handOut({ strategy: 'pinned', live: four, free, eligible, turn: 5 });
    expect(handed.size).toBe(64);
    for (const { position, lane } of eligible) expect(handed.get(position)).toBe(before[lane]);
    // What belongs to a consumer of another instance is left to that.
    const here = new Map([['b-2', 100]]);
    const part = handOut({ strategy: 'pinned', live: four, free: here, eligible, turn: 0 });
    expect(part.size).toBe(before.filter((id) => id === 'b-2').length);
  });

  it('gives nothing where there is nobody, and nothing beyond the room', () => {
    for (const strategy of ['round_robin', 'single', 'pinned'] as const) {
      const none = { strategy, live: [], free: new Map(), eligible: events(3), turn: 0 };
      expect(handOut(none).size).toBe(0);
      const full = { ...none, live: sessions('a'), free: new Map([['a', -2]]) };
      expect(handOut(full).size).toBe(0);
    }
  });
});
