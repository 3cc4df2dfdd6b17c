import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { isNovaError } from '@nova/errors';
import { newEventId } from '@nova/events';
import { errors as postgresErrors } from '@nova/postgres';
import { type TestDatabase, testDatabase } from '@nova/testkit';
import { append } from './append.ts';
import { outboxMigrations } from './index.ts';
import { logHead, rebase } from './log-state.ts';
import { eventById, eventsByAggregate, readWindow } from './read-events.ts';
import type { Appended, AppendUnit, NewEvent, UnitResult } from './unit.ts';
import { purgeRequests } from './upkeep.ts';

let test: TestDatabase;
beforeAll(async () => {
  test = await testDatabase({ migrations: [{ owner: 'outbox', dir: outboxMigrations }] });
}, 60_000);
afterAll(() => test.drop());

function event(given: Partial<NewEvent> = {}): NewEvent {
  return {
    eventId: newEventId(),
    eventIdGiven: false,
    eventType: 'item_created',
    schemaVersion: 1,
    aggregateType: 'item',
    aggregateId: randomUUID(),
    payload: Buffer.from('{"content":"hello"}'),
    source: '/nova/spec',
    annotations: {},
    ...given,
  };
}

function unit(events: readonly NewEvent[], more: Partial<AppendUnit> = {}): AppendUnit {
  return { conditions: [], mode: 'atomic', events, ...more };
}

function key(requestId = randomUUID(), hash = 1) {
  return { principal: 'dev', method: 'spec.Spec/Do', requestId, hash: Buffer.alloc(32, hash) };
}

async function appendOne(one: AppendUnit): Promise<UnitResult> {
  const [result] = await append(test.database, [one]);
  if (result === undefined) throw new TypeError('no result');
  return result;
}

function stored(result: UnitResult): Appended[] {
  expect(result.outcome).toBe('stored');
  if (result.outcome !== 'stored') return [];
  return result.events.filter((one) => 'position' in one);
}

describe('append', () => {
  it('keeps an event byte for byte', async () => {
    const given = event({
      schemaVersion: 7,
      aggregateId: 'odd "id" \\ with {braces}, commas, NULL and ünïcode',
      payload: Buffer.from('{"content":"\\u0001 \\" \'; -- 😀"}'),
      tenant: 'NULL',
      source: '/nova/"quoted" \\',
      occurredAt: '2026-02-28T23:59:59.123456Z',
      annotations: {
        correlationId: 'a"b\\c',
        causationId: '',
        traceparent: '00-1-2-3',
        expiresAt: '2027-01-01T00:00:00.000000Z',
        metadata: { 'k"': '{v}', empty: '' },
      },
    });
    const [told] = stored(await appendOne(unit([given])));
    expect(told?.occurredAt).toBe('2026-02-28T23:59:59.123456Z');
    const read = await eventById(test.database, given.eventId);
    const { eventIdGiven: _, ...kept } = given;
    expect(read).toMatchObject({ ...kept, payload: expect.anything() });
    expect(Buffer.from(read?.payload ?? []).equals(given.payload)).toBe(true);
    expect(read?.storedAt).toBe(told?.storedAt);
  });

  it('gives versions to 500 events of one aggregate in one unit', async () => {
    const aggregateId = randomUUID();
    const types = ['item_created', 'item_renamed', 'item_moved'];
    const events = Array.from({ length: 500 }, (_, n) =>
      event({ aggregateId, eventType: types[n % 3] ?? '' }),
    );
    const told = stored(await appendOne(unit(events)));
    expect(told.map((one) => one.aggregateVersion)).toEqual(events.map((_, n) => BigInt(n + 1)));
    expect(told.map((one) => one.typeSequence)).toEqual(
      events.map((_, n) => BigInt(Math.floor(n / 3) + 1)),
    );
    expect(told[499]?.previous).toEqual({
      item_created: 499n,
      item_renamed: 497n,
      item_moved: 498n,
    });
  });

  it('refuses to work with a snapshot from before the wait for the lock', async () => {
    const thrown = await test.database
      .transaction(async (tx) => {
        await tx.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ');
        await append(tx, [unit([event()])]);
      })
      .catch((reason: unknown) => reason);
    expect(isNovaError(thrown, postgresErrors.POSTGRES_REFUSED)).toBe(true);
  });

  it('sees what was committed while it waited for the lock', async () => {
    const aggregateId = randomUUID();
    const at = { aggregateType: 'item', aggregateId };
    let second: Promise<UnitResult> | undefined;
    await test.database.transaction(async (tx) => {
      await append(tx, [unit([event({ aggregateId })])]);
      second = appendOne(unit([event()], { conditions: [{ ...at, kind: 'absent' }] }));
      // Long enough for it to stand at the lock; if it does not, the test passes for less.
      await tx.query('SELECT pg_sleep(0.1)');
    });
    expect(await second).toMatchObject({
      outcome: 'refused',
      refusals: [{ index: -1, reason: 'CONDITION_FAILED', currentVersion: 1n, condition: 0 }],
    });
  });

  it('lets one of two exclusive conditions pass within one call', async () => {
    const aggregateId = randomUUID();
    const claim = () =>
      unit([event({ aggregateId })], {
        conditions: [{ aggregateType: 'item', aggregateId, kind: 'absent' }],
      });
    const results = await append(test.database, [claim(), claim(), claim()]);
    expect(results.map(({ outcome }) => outcome)).toEqual(['stored', 'refused', 'refused']);
  });

  it('takes an erased event for the same whatever it said', async () => {
    const given = event({ eventIdGiven: true });
    const [first] = stored(await appendOne(unit([given])));
    await test.database.query(
      `UPDATE outbox_events SET payload = '{"content":null}', erased_at = clock_timestamp()
       WHERE event_id = $1`,
      [given.eventId],
    );
    const [again] = stored(await appendOne(unit([given])));
    expect(again).toMatchObject({ position: first?.position, replayed: true });
    const other = await appendOne(unit([{ ...given, eventType: 'item_renamed' }]));
    expect(other).toMatchObject({ outcome: 'refused', refusals: [{ reason: 'EVENT_ID_REUSED' }] });
  });

  it('looks up every id that was not drawn at random', async () => {
    const derived = event({ eventId: '6c1f4a4e-7d3b-5c57-9d8e-0a5b8a1b2c3d' });
    await appendOne(unit([derived]));
    expect(stored(await appendOne(unit([derived])))[0]?.replayed).toBe(true);
  });
});

describe('a request key', () => {
  it('gets the stored answer and reply, whatever is decided the second time', async () => {
    const request = key();
    const reply = Buffer.from([0, 255, 7]);
    const first = stored(await appendOne(unit([event(), event()], { key: request, reply })));
    const again = await appendOne(unit([], { key: request, reply: Buffer.from('other') }));
    expect(again).toEqual({ outcome: 'stored', replayed: true, events: first, reply });
  });

  it('keeps the answer of a request that stored no event', async () => {
    const request = key();
    await appendOne(unit([], { key: request, reply: Buffer.from('nothing to do') }));
    const again = await appendOne(unit([event()], { key: request }));
    expect(again).toMatchObject({ outcome: 'stored', replayed: true, events: [] });
  });

  it('is refused for another request, within one call too', async () => {
    const { requestId } = key();
    const results = await append(test.database, [
      unit([event()], { key: key(requestId, 1) }),
      unit([event()], { key: key(requestId, 2) }),
      unit([event()], { key: key(requestId, 1) }),
    ]);
    expect(results).toMatchObject([
      { outcome: 'stored', replayed: false },
      { outcome: 'refused', refusals: [{ index: -1, reason: 'REQUEST_ID_REUSED' }] },
      { outcome: 'stored', replayed: true },
    ]);
  });

  it('may be decided again after a refusal', async () => {
    const request = key();
    const aggregateId = randomUUID();
    const conditions = [{ aggregateType: 'item', aggregateId, kind: 'exists' }] as const;
    const refused = await appendOne(unit([event()], { key: request, conditions }));
    expect(refused.outcome).toBe('refused');
    const decided = await appendOne(unit([event()], { key: request }));
    expect(decided).toMatchObject({ outcome: 'stored', replayed: false });
  });

  it('is forgotten after 7 days, and purged then', async () => {
    const request = key();
    await appendOne(unit([event()], { key: request }));
    await expireRequest(request.requestId);
    expect(await appendOne(unit([event()], { key: request }))).toMatchObject({ replayed: false });
    // Kept anew.
    expect(await appendOne(unit([event()], { key: request }))).toMatchObject({ replayed: true });
    await expireRequest(request.requestId);
    expect(await purgeRequests(test.database)).toBe(1);
    expect(await purgeRequests(test.database)).toBe(0);
  });

  async function expireRequest(requestId: string): Promise<void> {
    await test.database.query(
      `UPDATE outbox_requests SET expires_at = clock_timestamp() WHERE request_id = $1
         AND expires_at BETWEEN clock_timestamp() + interval '6 days 23 hours'
                            AND clock_timestamp() + interval '7 days 1 hour'`,
      [requestId],
    );
  }
});

describe('the log', () => {
  it('never goes back in time, even if the clock does', async () => {
    const { head } = await logHead(test.database);
    const [{ at } = { at: '' }] = await test.database.query<{ at: string }>(
      `UPDATE outbox_events SET stored_at = clock_timestamp() + interval '1 hour'
       WHERE position = $1 RETURNING outbox_time(stored_at) AS at`,
      [head.position],
    );
    const [told] = stored(await appendOne(unit([event()])));
    expect(told?.storedAt).toBe(at);
    await test.database.query(
      'UPDATE outbox_events SET stored_at = clock_timestamp() WHERE position >= $1',
      [head.position],
    );
  });

  it('begins an epoch when another server takes over, and when told to', async () => {
    const before = await logHead(test.database);
    await test.database.query("UPDATE outbox_log_state SET incarnation = 'another server'");
    const [told] = stored(await appendOne(unit([event()])));
    const first = before.head.position + 1n;
    expect(told?.position.position).toBe(first);
    expect(told?.position.epoch).not.toBe(before.head.epoch);
    const after = await logHead(test.database);
    expect(after.epochs.at(-1)).toMatchObject({
      epoch: told?.position.epoch,
      firstPosition: first,
    });
    const rebased = await rebase(test.database);
    expect(rebased.position).toBe(first);
    const [next] = stored(await appendOne(unit([event()])));
    expect(next?.position).toEqual({ epoch: rebased.epoch, position: first + 1n });
    // Old positions keep their epoch.
    const read = await eventById(test.database, told?.eventId ?? '');
    expect(read?.position).toEqual(told?.position);
  });

  it('goes on into the next partition, which it makes itself if nobody has', async () => {
    const before = (await logHead(test.database)).head.position;
    const edge = 2n ** 24n;
    await test.database.query('UPDATE outbox_events SET position = $1 WHERE position = $2', [
      edge - 3n,
      before,
    ]);
    const aggregateId = randomUUID();
    const events = Array.from({ length: 5 }, () => event({ aggregateId, eventIdGiven: true }));
    const told = stored(await appendOne(unit(events)));
    expect(told.map(({ position }) => position.position - edge)).toEqual([-2n, -1n, 0n, 1n, 2n]);
    const window = await readWindow(test.database, { after: edge - 3n, limit: 100 });
    expect(window.events.map(({ eventId }) => eventId)).toEqual(events.map((one) => one.eventId));
    const ofAggregate = await eventsByAggregate(test.database, {
      ...{ aggregateType: 'item', aggregateId, afterVersion: 1n, limit: 3 },
    });
    expect(ofAggregate.map((one) => one.aggregateVersion)).toEqual([2n, 3n, 4n]);
    // Ids are found in every partition.
    const again = stored(await appendOne(unit(events)));
    expect(again.map(({ replayed }) => replayed)).toEqual(events.map(() => true));
    expect(before).toBeLessThan(edge);
  });
});
