import { hash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { type SeenState, wrongInSeen } from './seen-view.ts';
import { isPoison, kindOf, OVERSIZE_BYTES, TOPIC_LIMIT } from './troubles.ts';
import { eventOf } from './workload.ts';

const workload = { events: 300, aggregates: 7, troubled: true };
const numbers = Array.from({ length: workload.events }, (_, n) => n);
const contentOf = (n: number) => {
  const { content } = JSON.parse(eventOf(workload, n).payload.toString()) as { content: string };
  return content;
};
const of = (kind: string) => numbers.filter((n) => kindOf(workload, n) === kind);
const idOf = (n: number) => eventOf(workload, n).aggregateId;

/** What a consumer that does all right leaves behind. */
function right(): SeenState {
  const versions = new Map<string, number>();
  const rows = [...of('hot'), ...of('other')]
    .toSorted((one, other) => one - other)
    .map((n) => {
      const version = (versions.get(idOf(n)) ?? 0) + 1;
      versions.set(idOf(n), version);
      return { aggregate_id: idOf(n), n, version, digest: hash('md5', contentOf(n)), at: 0 };
    });
  return { rows, parked: of('poison').map(idOf), refused: of('oversize').map(idOf) };
}

describe('a workload with troubles', () => {
  it('is half of one aggregate, and one of a hundred each is poison and too large', () => {
    const shares = ['hot', 'other', 'poison', 'oversize'].map((kind) => of(kind).length);
    expect(shares).toEqual([150, 144, 3, 3]);
    expect(new Set(of('hot').map(idOf)).size).toBe(1);
    expect(new Set([...of('poison'), ...of('oversize')].map(idOf)).size).toBe(6);
    expect(numbers.filter((n) => isPoison(contentOf(n)))).toEqual(of('poison'));
    const large = numbers.filter((n) => eventOf(workload, n).payload.byteLength > TOPIC_LIMIT);
    expect(large).toEqual(of('oversize'));
    expect(OVERSIZE_BYTES).toBeGreaterThan(TOPIC_LIMIT);
  });

  it('has other events as they are without troubles', () => {
    const clean = { ...workload, troubled: false };
    for (const n of of('other')) expect(eventOf(workload, n)).toEqual(eventOf(clean, n));
  });
});

describe('the oracle of a view with a row for each event', () => {
  it('finds nothing wrong where all is there, parked and refused', () => {
    expect(wrongInSeen(workload, right())).toBeUndefined();
  });

  it.each([
    ['a row less', { rows: right().rows.slice(1) }, '1 events are missing'],
    [
      'a row of nothing',
      { rows: [...right().rows, { aggregate_id: 'x', n: 999, version: 1, digest: '', at: 0 }] },
      '1 rows too many',
    ],
    [
      'another content',
      { rows: right().rows.map((row) => (row.n === 9 ? { ...row, digest: 'x' } : row)) },
      '1 rows differ',
    ],
    [
      'another order',
      { rows: right().rows.map((row) => (row.n === 9 ? { ...row, version: 77 } : row)) },
      '1 rows differ',
    ],
    ['poison not parked', { parked: right().parked.slice(1) }, '1 aggregates parked wrongly'],
    [
      'a sound aggregate parked',
      { parked: [...right().parked, 'x'] },
      '1 aggregates parked wrongly',
    ],
    ['a refusal forgotten', { refused: [] }, '3 aggregates refused wrongly'],
  ] as const)('finds %s', (_what, change, found) => {
    expect(wrongInSeen(workload, { ...right(), ...change })).toBe(found);
  });
});
