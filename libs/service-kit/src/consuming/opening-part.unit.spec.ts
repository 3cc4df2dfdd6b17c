import { describe, expect, it } from '@jest/globals';
import { NovaError } from '@nova/errors';
import { silentLogger } from '@nova/telemetry';
import { errors } from '../errors.ts';
import { openingPart } from './opening-part.ts';

const away = () => new NovaError(errors.SERVICE_LOG_UNAVAILABLE, { method: 'x', reason: 'away' });

/** A part whose preparation fails with each of `failures` before it works. */
function opening(...failures: unknown[]) {
  const said: string[] = [];
  let crashed: (thrown: unknown) => void = () => {};
  const crash = new Promise<unknown>((resolve) => {
    crashed = resolve;
  });
  let started: () => void = () => {};
  const start = new Promise<void>((resolve) => {
    started = resolve;
  });
  const part = openingPart(
    {
      name: 'consumer',
      async start() {
        said.push('start');
        started();
      },
      async stop() {
        said.push('stop');
      },
    },
    {
      async prepare() {
        said.push('prepare');
        if (failures.length > 0) throw failures.shift();
      },
      crash: crashed,
      logger: silentLogger,
    },
  );
  return { part, said, crash, start };
}

describe('a part that waits for its database', () => {
  it('starts at once where it can', async () => {
    const { part, said } = opening();
    await part.start();
    await part.stop();
    expect(said).toEqual(['prepare', 'start', 'stop']);
  });

  it('lets the process start without it, and follows', async () => {
    const { part, said, start } = opening(away(), away());
    await part.start();
    expect(said).toEqual(['prepare']);
    await start;
    await part.stop();
    expect(said).toEqual(['prepare', 'prepare', 'prepare', 'start', 'stop']);
  });

  it('ends the start, or the process, where no waiting helps', async () => {
    const atOnce = opening(new Error('wrong'));
    await expect(atOnce.part.start()).rejects.toThrow('wrong');
    const later = opening(away(), new Error('wrong'));
    await later.part.start();
    expect(await later.crash).toEqual(new Error('wrong'));
  });

  it('stops while it waits', async () => {
    const { part, said } = opening(away());
    await part.start();
    await part.stop();
    expect(said).toEqual(['prepare', 'stop']);
  });
});
