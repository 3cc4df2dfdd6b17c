import { describe, expect, it } from '@jest/globals';
import { defineErrors, isNovaError, NovaError } from '@nova/errors';
import type { AppendUnit, UnitResult } from '@nova/outbox';
import { errors as postgresErrors } from '@nova/postgres';
import { type Clock, systemClock } from '@nova/time';
import { errors } from '../errors.ts';
import { createAppendQueue } from './append-queue.ts';

const { TRY_REFUSED, TRY_GONE } = defineErrors({
  TRY_REFUSED: { message: 'no', status: 'INTERNAL', retry: 'never', blame: 'bug', hint: '-' },
  TRY_GONE: { message: 'no', status: 'UNAVAILABLE', retry: 'backoff', blame: 'bug', hint: '-' },
});

const unit = (name: string, bytes = 0): AppendUnit => ({
  key: { principal: name, method: 'a.B/C', requestId: name, hash: new Uint8Array(32) },
  conditions: [],
  mode: 'atomic',
  events: bytes === 0 ? [] : [{ ...event, payload: new Uint8Array(bytes) }],
});
const event = {
  eventId: '7d5a0f1e-8c3b-4b61-9a52-0d6c2f1b7e11',
  eventIdGiven: true,
  eventType: 'user_updated',
  schemaVersion: 1,
  aggregateType: 'user',
  aggregateId: '550e8400-e29b-41d4-a716-446655440000',
  source: '/nova/dev',
  annotations: {},
};
const stored: UnitResult = { outcome: 'stored', replayed: false, events: [] };
const never = { signal: new AbortController().signal, remainingMs: () => Number.POSITIVE_INFINITY };

/** A log whose statements end when the spec says so. */
function manualLog(clock: Clock = systemClock) {
  const statements: { names: string[]; end: (thrown?: unknown) => void }[] = [];
  const append = (units: readonly AppendUnit[]) =>
    new Promise<UnitResult[]>((resolve, reject) => {
      statements.push({
        names: units.map(({ key }) => key?.principal ?? ''),
        end: (thrown) => (thrown === undefined ? resolve(units.map(() => stored)) : reject(thrown)),
      });
    });
  const { append: queue, ...room } = createAppendQueue({ append, wake: () => {}, clock });
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  return { statements, queue, settled, ...room };
}

describe('createAppendQueue', () => {
  it('starts at once, and joins what arrives while a statement is in flight', async () => {
    const { statements, queue, settled } = manualLog();
    const first = queue(unit('a'), never);
    const others = ['b', 'c', 'd'].map((name) => queue(unit(name), never));
    await settled();
    expect(statements.map(({ names }) => names)).toEqual([['a']]);
    statements[0]?.end();
    await first;
    await settled();
    expect(statements[1]?.names).toEqual(['b', 'c', 'd']);
    statements[1]?.end();
    expect(await Promise.all(others)).toEqual([stored, stored, stored]);
  });

  it.each([
    ['whose statement fails', new NovaError(TRY_GONE), false],
    ['who is refused in a statement of several', new NovaError(TRY_REFUSED), true],
  ])('takes nothing more of a caller %s and who gives up then', async (_, thrown, isShared) => {
    const { statements, queue, settled } = manualLog();
    const over = new AbortController();
    const caller = {
      signal: over.signal,
      remainingMs: () => Number.POSITIVE_INFINITY,
      failed: (reason: unknown) => over.abort(reason),
    };
    const others = isShared ? [queue(unit('x'), never)] : [];
    const own = ['a', 'b', 'c'].map((name) =>
      queue(unit(name), caller).catch((reason: unknown) => reason),
    );
    await settled();
    if (others.length > 0) {
      statements[0]?.end();
      await settled();
      // All of the caller's are in one statement, which is refused, and then 'a' alone.
      expect(statements[1]?.names).toEqual(['a', 'b', 'c']);
      statements[1]?.end(thrown);
      await settled();
    }
    while (!over.signal.aborted) {
      statements.at(-1)?.end(thrown);
      await settled();
    }
    for (let turn = 0; turn < 5; turn += 1) await settled();
    expect(await Promise.all(own)).toEqual([thrown, thrown, thrown]);
    const last = statements.at(-1)?.names ?? [];
    expect(last.includes('b') || last.includes('c')).toBe(false);
  });

  it('tries units alone when the server refused the statement they shared', async () => {
    const { statements, queue, settled } = manualLog();
    const first = queue(unit('a'), never);
    const others = ['b', 'c'].map((name) =>
      queue(unit(name), never).catch((thrown: unknown) => thrown),
    );
    await settled();
    statements[0]?.end();
    await first;
    await settled();
    statements[1]?.end(new NovaError(TRY_REFUSED));
    await settled();
    statements[2]?.end(new NovaError(TRY_REFUSED));
    await settled();
    statements[3]?.end();
    const [refused, kept] = await Promise.all(others);
    expect(isNovaError(refused, TRY_REFUSED)).toBe(true);
    expect(kept).toEqual(stored);
    expect(statements.map(({ names }) => names.join(''))).toEqual(['a', 'bc', 'b', 'c']);
  });

  it('tries a unit that was refused alone once more, as what it calls may have been replaced', async () => {
    const { statements, queue, settled } = manualLog();
    const replaced = queue(unit('a'), never);
    await settled();
    statements[0]?.end(new NovaError(TRY_REFUSED));
    await settled();
    statements[1]?.end();
    expect(await replaced).toEqual(stored);
    const atFault = queue(unit('b'), never).catch((thrown: unknown) => thrown);
    await settled();
    statements[2]?.end(new NovaError(TRY_REFUSED));
    await settled();
    statements[3]?.end(new NovaError(TRY_REFUSED));
    expect(isNovaError(await atFault, TRY_REFUSED)).toBe(true);
    expect(statements).toHaveLength(4);
  });

  it('repeats nothing when it is not known whether the statement was stored', async () => {
    const { statements, queue, settled } = manualLog();
    const first = queue(unit('a'), never);
    const others = ['b', 'c'].map((name) =>
      queue(unit(name), never).catch((thrown: unknown) => thrown),
    );
    await settled();
    statements[0]?.end();
    await first;
    await settled();
    statements[1]?.end(new NovaError(TRY_GONE));
    for (const thrown of await Promise.all(others))
      expect(isNovaError(thrown, TRY_GONE)).toBe(true);
    expect(statements).toHaveLength(2);
    const next = queue(unit('d'), never);
    await settled();
    statements[2]?.end();
    expect(await next).toEqual(stored);
  });

  it('lets nobody wait once more for a database that does not answer', async () => {
    const { statements, queue, settled } = manualLog();
    const calls = ['a', 'b', 'c'].map((name) =>
      queue(unit(name), never).catch((thrown: unknown) => thrown),
    );
    await settled();
    statements[0]?.end(new NovaError(postgresErrors.POSTGRES_UNAVAILABLE));
    for (const thrown of await Promise.all(calls)) {
      expect(isNovaError(thrown, postgresErrors.POSTGRES_UNAVAILABLE)).toBe(true);
    }
    expect(statements).toHaveLength(1);
  });

  it('bounds what one statement carries, in order', async () => {
    const { statements, queue, settled } = manualLog();
    const first = queue(unit('a'), never);
    const large = ['b', 'c', 'd'].map((name) => queue(unit(name, 1_500_000), never));
    await settled();
    for (let at = 0; at < 3; at += 1) {
      statements[at]?.end();
      await settled();
    }
    await Promise.all([first, ...large]);
    expect(statements.map(({ names }) => names.join(''))).toEqual(['a', 'bc', 'd']);
  });

  it('leaves out units whose caller has gone meanwhile', async () => {
    const { statements, queue, settled } = manualLog();
    const first = queue(unit('a'), never);
    const leaving = new AbortController();
    const gone = queue(unit('b'), { ...never, signal: leaving.signal }).catch(
      (thrown: unknown) => thrown,
    );
    await settled();
    leaving.abort(new Error('left'));
    statements[0]?.end();
    await first;
    expect(await gone).toEqual(new Error('left'));
    expect(statements).toHaveLength(1);
  });

  it('refuses more than it could ever catch up with', async () => {
    const { statements, queue, settled } = manualLog();
    const waiting = Array.from({ length: 2_001 }, (_, n) => queue(unit(`${n}`), never));
    await settled();
    const thrown: unknown = await queue(unit('late'), never).catch((error: unknown) => error);
    expect(thrown).toMatchObject({
      code: errors.APPEND_QUEUE_FULL.code,
      retryAfterMs: expect.any(Number),
    });
    expect(errors.APPEND_QUEUE_FULL.status).toBe('RESOURCE_EXHAUSTED');
    for (let at = 0; at < statements.length; at += 1) {
      statements[at]?.end();
      await settled();
    }
    expect(await Promise.all(waiting)).toHaveLength(2_001);
  });

  it('bounds what waits in bytes too, and says when there is room again', async () => {
    const { statements, queue, settled, hasRoom, room } = manualLog();
    const all = [queue(unit('a'), never)];
    for (let n = 0; n < 64; n += 1) all.push(queue(unit(`${n}`, 1024 * 1024), never));
    expect(hasRoom(1)).toBe(false);
    const thrown: unknown = await queue(unit('late', 1), never).catch((error: unknown) => error);
    expect(isNovaError(thrown, errors.APPEND_QUEUE_FULL)).toBe(true);
    const roomy = room(never.signal);
    for (let at = 0; at < statements.length; at += 1) {
      statements[at]?.end();
      await settled();
      if (at === 0) {
        await roomy;
        expect(hasRoom(1)).toBe(true);
      }
    }
    expect(await Promise.all(all)).toHaveLength(65);
  });

  it('refuses at once who could not wait as long as it takes at present, with the time to come back', async () => {
    let nowMs = 0;
    const { statements, queue, settled } = manualLog({
      ...systemClock,
      monotonicMs: () => nowMs,
    });
    const first = queue(unit('a'), { ...never, remainingMs: () => 1 });
    await settled();
    nowMs = 300;
    const patient = queue(unit('b'), { ...never, remainingMs: () => 1_000 });
    const hasty: unknown = await queue(unit('c'), { ...never, remainingMs: () => 250 }).catch(
      (error: unknown) => error,
    );
    expect(hasty).toMatchObject({ code: errors.APPEND_WAIT_TOO_LONG.code, retryAfterMs: 300 });
    statements[0]?.end();
    await settled();
    statements[1]?.end();
    expect(await Promise.all([first, patient])).toEqual([stored, stored]);
    // With nothing in work, no deadline is too short to try.
    const idle = queue(unit('d'), { ...never, remainingMs: () => 1 });
    await settled();
    statements[2]?.end();
    expect(await idle).toEqual(stored);
    expect(statements.map(({ names }) => names.join(''))).toEqual(['a', 'b', 'd']);
  });

  it('finds the one unit at fault among many without asking for each', async () => {
    const asked: string[][] = [];
    const { append: queue } = createAppendQueue({
      append: async (units) => {
        const names = units.map(({ key }) => key?.principal ?? '');
        asked.push(names);
        await new Promise(setImmediate);
        if (names.includes('u37')) throw new NovaError(TRY_REFUSED);
        return units.map(() => stored);
      },
      wake: () => {},
      clock: systemClock,
    });
    const calls = Array.from({ length: 101 }, (_, n) => queue(unit(`u${n}`), never));
    const outcomes = await Promise.allSettled(calls);
    const failed = outcomes.flatMap(({ status }, n) => (status === 'rejected' ? [n] : []));
    expect(failed).toEqual([37]);
    expect(asked.length).toBeLessThan(20);
    // Each that was stored, in the order in which it came.
    const kept = asked.filter((names) => !names.includes('u37')).flat();
    expect(kept).toEqual(calls.map((_, n) => `u${n}`).filter((name) => name !== 'u37'));
  });
});
