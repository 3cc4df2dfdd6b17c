import { describe, expect, it } from '@jest/globals';
import { loop } from './loop.ts';
import { type Part, startAll } from './part.ts';
import { partConformance } from './testing.ts';

function recorded(name: string, log: string[], failing: 'start' | 'stop' | '' = ''): Part {
  const step = (what: 'start' | 'stop') => () => {
    log.push(`${what} ${name}`);
    return failing === what
      ? Promise.reject(new Error(`${name} cannot ${what}`))
      : Promise.resolve();
  };
  return { name, start: step('start'), stop: step('stop') };
}

describe('startAll', () => {
  it('starts in order and stops in reverse order, once', async () => {
    const log: string[] = [];
    const running = await startAll([recorded('a', log), recorded('b', log)]);
    await running.stop();
    await running.stop();
    expect(log).toEqual(['start a', 'start b', 'stop b', 'stop a']);
  });

  it('stops what was started when a later part fails, and reports that failure', async () => {
    const log: string[] = [];
    const parts = [recorded('a', log), recorded('b', log, 'start'), recorded('c', log)];
    await expect(startAll(parts)).rejects.toThrow('b cannot start');
    expect(log).toEqual(['start a', 'start b', 'stop a']);
  });

  it('stops the rest although one part fails to stop', async () => {
    const log: string[] = [];
    const running = await startAll([recorded('a', log), recorded('b', log, 'stop')]);
    await expect(running.stop()).rejects.toThrow('some parts did not stop cleanly');
    expect(log).toEqual(['start a', 'start b', 'stop b', 'stop a']);
  });
});

describe('loop', () => {
  it('tells of a crash once and can still be stopped', async () => {
    const crashes: unknown[] = [];
    const part = loop(
      'crashing',
      () => Promise.reject(new Error('boom')),
      (thrown) => {
        crashes.push(thrown);
      },
    );
    await part.start();
    await part.stop();
    expect(crashes).toEqual([new Error('boom')]);
  });
});

partConformance('loop', () => {
  let working = false;
  const body = async (signal: AbortSignal) => {
    working = true;
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    working = false;
  };
  return Promise.resolve({
    part: loop('conforming', body, () => {}),
    isWorking: () => Promise.resolve(working),
  });
});
