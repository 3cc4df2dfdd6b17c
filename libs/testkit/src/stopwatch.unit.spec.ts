import { expect, it } from '@jest/globals';
import { sleep } from '@nova/time';
import { stopwatch } from './stopwatch.ts';

it('counts what is waited for', async () => {
  const watch = stopwatch();
  for (let turn = 0; turn < 20; turn += 1) await sleep(25);
  // Some of it may have been others'.
  expect(watch.ms()).toBeGreaterThan(250);
});

it('does not count what others had of the machine', () => {
  const watch = stopwatch();
  // As if the process had not run: no timer of its own fires meanwhile.
  const until = performance.now() + 300;
  while (performance.now() < until);
  expect(watch.ms()).toBeLessThan(100);
});

it('goes on after such a gap', async () => {
  const watch = stopwatch();
  const until = performance.now() + 200;
  while (performance.now() < until);
  const before = watch.ms();
  for (let turn = 0; turn < 10; turn += 1) await sleep(25);
  expect(watch.ms() - before).toBeGreaterThan(100);
});
