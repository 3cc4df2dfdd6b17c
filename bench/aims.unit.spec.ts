import { expect, it } from '@jest/globals';
import { isReached, judgement } from './aims.ts';

it('an aim is reached up to its bounds, both ways, and not where nothing was measured', () => {
  const measured = [0.79, 0.8, 1, 1.2, 1.21, Number.NaN];
  const both = measured.map((one) =>
    isReached({ name: 'ratio', measured: one, atLeast: 0.8, atMost: 1.2 }),
  );
  expect(both).toEqual([false, true, true, true, false, false]);
  expect(isReached({ name: 'p50', measured: 3, atMost: 50 })).toBe(true);
  expect(isReached({ name: 'p50', measured: 50.1, atMost: 50 })).toBe(false);
});

it('a judgement names each aim, and those that were missed', () => {
  const p50 = { name: 'p50', measured: 114.3, atMost: 50 };
  const ratio = { name: 'ratio', measured: 0.88, atLeast: 0.8, atMost: 1.2 };
  expect(judgement([p50, ratio], 2)).toBe(
    'MISSED   p50: 114.30, aim at most 50\n' +
      'reached  ratio: 0.88, aim 0.8 to 1.2\n' +
      'missed: p50\n',
  );
  expect(judgement([ratio], 2)).toMatch(/all aims reached\n$/);
});
