import { afterEach, describe, expect, it } from '@jest/globals';
import { probing } from './probe.ts';
import { type Health, Readiness } from './readiness.ts';

/** Resolves at the first health of the wanted condition. */
function reaching(readiness: Readiness, condition: Health['condition']): Promise<Health> {
  return new Promise((resolve) => {
    const stop = readiness.watch((health) => {
      if (health.condition !== condition) return;
      stop();
      resolve(health);
    });
  });
}

describe('probing', () => {
  const quick = { everyMs: 5, deadlineMs: 20 };
  let stop = (): Promise<void> => Promise.resolve();
  afterEach(() => stop());

  it('asks nothing any more when it is told to stop', async () => {
    let asked = 0;
    const check = () => {
      asked += 1;
      return Promise.resolve();
    };
    const probe = { name: 'kafka', check, whenFailing: 'down' } as const;
    // The next round would be an hour later.
    const part = probing([probe], new Readiness(), { everyMs: 3_600_000, deadlineMs: 20 });
    await part.start();
    await part.stop();
    expect(asked).toBe(1);
  });

  it('knows the state of every dependency as soon as it has started', async () => {
    const readiness = new Readiness();
    const failing = {
      name: 'kafka',
      check: () => Promise.reject(new Error('gone')),
      whenFailing: 'degraded',
    } as const;
    const working = {
      name: 'postgres',
      check: () => Promise.resolve(),
      whenFailing: 'down',
    } as const;
    const part = probing([failing, working], readiness, quick);
    stop = () => part.stop();
    await part.start();
    expect(readiness.health()).toEqual({
      condition: 'degraded',
      parts: [
        { name: 'kafka', condition: 'degraded', reason: 'gone' },
        { name: 'postgres', condition: 'ready', reason: '' },
      ],
    });
  });

  it('takes a dependency that never answers for gone, and sees it come back', async () => {
    const readiness = new Readiness();
    let paused = false;
    const check = () => (paused ? new Promise<void>(() => {}) : Promise.resolve());
    const part = probing([{ name: 'postgres', check, whenFailing: 'down' }], readiness, quick);
    stop = () => part.stop();
    await part.start();
    const down = reaching(readiness, 'down');
    paused = true;
    expect((await down).parts[0]?.reason).toContain('did not finish within 20 ms');
    const back = reaching(readiness, 'ready');
    paused = false;
    await back;
  });

  it('sees a dependency go while the probe of another one hangs', async () => {
    const readiness = new Readiness();
    const answer = Promise.withResolvers<void>();
    const hung = Promise.withResolvers<void>();
    let hangs = false;
    const hang = () => {
      hung.resolve();
      return answer.promise;
    };
    const hanging = {
      name: 'kafka',
      check: () => (hangs ? hang() : Promise.resolve()),
      whenFailing: 'degraded',
    } as const;
    let gone = false;
    const failing = {
      name: 'postgres',
      check: () => (gone ? Promise.reject(new Error('gone')) : Promise.resolve()),
      whenFailing: 'down',
    } as const;
    // Nothing that hangs is given up before the spec is over.
    const options = { everyMs: 5, deadlineMs: 3_600_000 };
    const part = probing([hanging, failing], readiness, options);
    stop = async () => {
      answer.resolve();
      await part.stop();
    };
    await part.start();
    hangs = true;
    await hung.promise;
    const down = reaching(readiness, 'down');
    gone = true;
    expect((await down).parts[1]?.reason).toBe('gone');
  });
});
