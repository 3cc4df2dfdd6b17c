import { describe, expect, it } from '@jest/globals';
import type { Consumer, TokenAnswer } from '@nova/consumer';
import { encodeToken } from '@nova/events';
import type { Queryable } from '@nova/postgres';
import type { Call } from '@nova/rpc';
import { silentLogger } from '@nova/telemetry';
import { systemClock } from '@nova/time';
import { createQueries } from './create-queries.ts';

const token = encodeToken([
  {
    aggregateType: 'conversation',
    aggregateId: '550e8400-e29b-41d4-a716-446655440000',
    epoch: 'e1',
    position: 1n,
    versions: { message_created: 1n },
  },
]);

function callOf(remainingMs: number): Call {
  return {
    caller: { principal: 'dev', roles: new Set(), actsForOthers: true },
    method: 'messaging.MessagingService/GetMessage',
    correlationId: 'c1',
    signal: new AbortController().signal,
    remainingMs: () => remainingMs,
    headers: { all: () => [] },
    peer: 'here',
    logger: silentLogger,
  };
}

/** Asks views that answer a token with `answer`; tells how long they were to be waited for. */
async function ask(given: string, answer: TokenAnswer, remainingMs = Number.POSITIVE_INFINITY) {
  const waits: number[] = [];
  const views: Queryable = { query: () => Promise.resolve([]) };
  const consumer: Pick<Consumer, 'read' | 'waitFor'> = {
    waitFor(_, deadlineMs) {
      waits.push(deadlineMs - systemClock.monotonicMs());
      return Promise.resolve(answer);
    },
    read: (work) => work(views),
  };
  const queries = createQueries({ consumer, clock: systemClock });
  const result = await queries
    .run(callOf(remainingMs), given, () => Promise.resolve('the rows'))
    .catch((thrown: { code: string }) => thrown.code);
  return { result, waits };
}

describe('a query', () => {
  it('waits for what its token names, and for nothing without one', async () => {
    expect(await ask('', 'behind')).toEqual({ result: 'the rows', waits: [] });
    expect((await ask(token, 'reached')).result).toBe('the rows');
  });

  it.each([
    ['behind', 'NOVA_VIEW_BEHIND'],
    ['blocked', 'NOVA_VIEW_BLOCKED'],
    ['lost', 'NOVA_TOKEN_LOST'],
  ] as const)('tells that the view is %s', async (answer, code) => {
    expect((await ask(token, answer)).result).toBe(code);
  });

  it('waits at most 5 s, and not into the last 100 ms before its deadline', async () => {
    const waited = async (remainingMs: number) =>
      (await ask(token, 'reached', remainingMs)).waits[0] ?? Number.NaN;
    for (const [remainingMs, most] of [
      [Number.POSITIVE_INFINITY, 5000],
      [60_000, 5000],
      [1100, 1000],
      [50, 0],
    ] as const) {
      const ms = await waited(remainingMs);
      expect(ms).toBeLessThanOrEqual(most);
      expect(ms).toBeGreaterThan(most - 100);
    }
  });

  it('refuses what is no token', async () => {
    expect((await ask('made up', 'reached')).result).toBe('NOVA_REQUEST_INVALID');
  });
});
