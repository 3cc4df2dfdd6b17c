import { expect, it } from '@jest/globals';
import type { StoredEvent } from '@nova/events';
import type { Delivery } from './delivery.ts';
import { type ApplyRound, Strands } from './strands.ts';

// What strands look at of a delivery.
const delivery = (lane: number, name = `${lane}`, bytes = 1): Delivery => ({
  aggregate: name,
  event: { lane, payload: new Uint8Array(bytes) } as unknown as StoredEvent,
  entry: undefined,
  record: undefined,
});
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** Two strands whose rounds end when a spec says so. */
function rig({ isAlone = false, roundEvents = 2, roundBytes = 1000 } = {}) {
  const begun: string[] = [];
  const ends: PromiseWithResolvers<void>[] = [];
  const apply: ApplyRound = (deliveries) => {
    begun.push(deliveries.map(({ aggregate }) => aggregate).join(' '));
    const end = Promise.withResolvers<void>();
    ends.push(end);
    return end.promise;
  };
  const strands = new Strands({
    applies: [apply, apply],
    settings: { roundEvents, roundBytes },
    isAlone: () => isAlone,
  });
  return { begun, ends, strands };
}

it('runs rounds of two strands at the same time, and those of one after each other', async () => {
  const { begun, ends, strands } = rig();
  for (const name of ['a', 'b']) await strands.take(delivery(2, name));
  for (const name of ['c', 'd']) await strands.take(delivery(7, name));
  expect(begun).toEqual(['a b', 'c d']);
  await strands.take(delivery(4, 'e'));
  const full = strands.take(delivery(2, 'f'));
  await settled();
  expect(begun).toEqual(['a b', 'c d']);
  ends[0]?.resolve();
  await full;
  expect(begun).toEqual(['a b', 'c d', 'e f']);
});

it('begins a round when its payloads have so many bytes', async () => {
  const { begun, strands } = rig({ roundEvents: 100, roundBytes: 10 });
  await strands.take(delivery(0, 'a', 4));
  await strands.take(delivery(0, 'b', 6));
  expect(begun).toEqual(['a b']);
});

it('applies what is left, and resolves when all of it is', async () => {
  const { begun, ends, strands } = rig({ roundEvents: 100 });
  await strands.take(delivery(0, 'a'));
  await strands.take(delivery(1, 'b'));
  let isFlushed = false;
  const flushed = strands.flush().then(() => {
    isFlushed = true;
  });
  await settled();
  expect(begun).toEqual(['a', 'b']);
  ends[0]?.resolve();
  await settled();
  expect(isFlushed).toBe(false);
  ends[1]?.resolve();
  await flushed;
});

it('runs one round at a time where it has to be alone', async () => {
  const { begun, ends, strands } = rig({ isAlone: true, roundEvents: 1 });
  const first = strands.take(delivery(0, 'a'));
  await settled();
  ends[0]?.resolve();
  await first;
  const second = strands.take(delivery(1, 'b'));
  await settled();
  expect(begun).toEqual(['a', 'b']);
  let isTaken = false;
  void second.then(() => {
    isTaken = true;
  });
  await settled();
  expect(isTaken).toBe(false);
  ends[1]?.resolve();
  await second;
});

it('tells the next who waits that a round has failed, and begins no later one of its strand', async () => {
  const { begun, ends, strands } = rig({ roundEvents: 1 });
  await strands.take(delivery(0, 'a'));
  ends[0]?.reject(new Error('the database is away'));
  await expect(strands.take(delivery(0, 'b'))).rejects.toThrow('away');
  await expect(strands.flush()).rejects.toThrow('away');
  expect(begun).toEqual(['a']);
  await strands.idle();
});
