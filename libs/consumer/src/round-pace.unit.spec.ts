import { expect, it } from '@jest/globals';
import { RoundPace } from './round-pace.ts';

/** A pace after rounds that were as full as they may be and took so long each. */
function after(roundEvents: number, ...roundsMs: readonly number[]): number {
  const pace = new RoundPace({ roundEvents });
  for (const ms of roundsMs) pace.took(pace.events, ms);
  return pace.events;
}

it('begins with a thousand events and at most doubles', () => {
  expect(after(8000)).toBe(1000);
  expect(after(8000, 1)).toBe(2000);
  expect(after(8000, 1, 1)).toBe(4000);
});

it('never takes more than it may', () => {
  expect(after(3000, 1, 1, 1)).toBe(3000);
  expect(after(7)).toBe(7);
  expect(after(7, 10_000)).toBe(7);
});

it('takes what fits into 300 ms', () => {
  expect(after(8000, 200)).toBe(1500);
  expect(after(8000, 200, 300, 300)).toBe(1500);
});

it('at most halves where rounds are slow, and keeps a hundred', () => {
  expect(after(8000, 60_000)).toBe(500);
  expect(after(8000, 500)).toBe(600);
  expect(after(8000, 60_000, 60_000, 60_000, 60_000, 60_000)).toBe(100);
});

it('learns nothing from rounds that were half empty', () => {
  const pace = new RoundPace({ roundEvents: 8000 });
  pace.took(499, 60_000);
  pace.took(1, 1);
  expect(pace.events).toBe(1000);
});
