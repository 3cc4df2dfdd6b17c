import { describe, expect, it } from '@jest/globals';
import { isNovaError } from '@nova/errors';
import { backoffMs } from './backoff.ts';
import { withDeadline } from './deadline.ts';
import { errors } from './errors.ts';
import { sleep } from './sleep.ts';

describe('backoffMs', () => {
  const backoff = { initialMs: 100, factor: 10, maxMs: 10_000, jitter: 0.5 };

  it('grows up to its maximum', () => {
    expect([1, 2, 3, 4].map((attempt) => backoffMs(backoff, attempt, () => 0))).toEqual([
      100, 1000, 10_000, 10_000,
    ]);
  });

  it('is shortened by at most its jitter', () => {
    expect(backoffMs(backoff, 1, () => 0.999)).toBeGreaterThanOrEqual(50);
  });
});

describe('sleep', () => {
  it('ends at once, without an error, when its signal aborts', async () => {
    const controller = new AbortController();
    const sleeping = sleep(60_000, controller.signal);
    controller.abort();
    await sleeping;
    await sleep(60_000, controller.signal);
    expect(controller.signal.aborted).toBe(true);
  });
});

describe('withDeadline', () => {
  it('passes on the outcome of work that finishes', async () => {
    expect(await withDeadline(Promise.resolve(7), 1000, 'work')).toBe(7);
    await expect(withDeadline(Promise.reject(new Error('bad')), 1000, 'work')).rejects.toThrow(
      'bad',
    );
  });

  it('rejects when the work takes longer', async () => {
    const rejected: unknown = await withDeadline(new Promise(() => {}), 5, 'reading').catch(
      (thrown: unknown) => thrown,
    );
    expect(isNovaError(rejected, errors.TIME_DEADLINE_EXCEEDED)).toBe(true);
  });
});
