import { describe, expect, it } from '@jest/globals';
import { Oracle, wrongIn } from './oracle.ts';
import { type BenchEvent, eventOf } from './workload.ts';

const workload = { events: 300, aggregates: 7 };
const all = Array.from({ length: workload.events }, (_, n) => eventOf(workload, n));

function judge(events: readonly BenchEvent[]) {
  const oracle = new Oracle(workload);
  for (const { eventType, aggregateId, payload } of events) {
    oracle.see(eventType, aggregateId, payload);
  }
  return wrongIn(oracle.verdict());
}

/** Two neighbours of the same aggregate and type. */
function neighbours(): readonly [number, number] {
  const [first] = all;
  const second = all.findIndex(
    ({ n, eventType, aggregateId }) =>
      n > 0 && eventType === first?.eventType && aggregateId === first.aggregateId,
  );
  return [0, second];
}

describe('the oracle', () => {
  it('finds nothing wrong with all events in any order across aggregates and types', () => {
    const byName = Map.groupBy(all, ({ eventType, aggregateId }) => `${eventType} ${aggregateId}`);
    expect(judge(all)).toBeUndefined();
    expect(judge([...byName.values()].reverse().flat())).toBeUndefined();
  });

  it('finds what is lost', () => {
    expect(judge(all.filter(({ n }) => n !== 17))).toBe('1 lost');
  });

  it('finds what is doubled', () => {
    expect(judge(all.flatMap((event) => (event.n === 17 ? [event, event] : [event])))).toBe(
      '1 doubled',
    );
  });

  it('finds what is out of order', () => {
    const [one, other] = neighbours();
    const swapped = all.map((event, n) => all[n === one ? other : n === other ? one : n] ?? event);
    expect(judge(swapped)).toMatch(/^\d+ reordered$/);
  });

  it.each([
    [
      'a byte of the payload',
      (event: BenchEvent) => ({ ...event, payload: changed(event.payload) }),
    ],
    ['the key', (event: BenchEvent) => ({ ...event, aggregateId: 'another' })],
    ['the topic', (event: BenchEvent) => ({ ...event, eventType: 'bench_another' })],
  ])('finds that %s is changed', (_what, change) => {
    expect(judge(all.map((event) => (event.n === 17 ? change(event) : event)))).toBe('1 changed');
  });

  it('finds what belongs to no event of the workload', () => {
    const stranger = eventOf({ ...workload, events: 301 }, 300);
    expect(judge([...all, stranger])).toBe('1 changed');
  });

  it('lets doubles pass only where a process was killed', () => {
    const verdict = { lost: 0, doubled: 3, reordered: 0, changed: 0 };
    expect(wrongIn(verdict, true)).toBeUndefined();
    expect(wrongIn({ ...verdict, lost: 2 }, true)).toBe('2 lost');
  });
});

function changed(payload: Buffer): Buffer {
  const copy = Buffer.from(payload);
  copy[copy.length - 5] = (copy[copy.length - 5] ?? 0) ^ 1;
  return copy;
}
