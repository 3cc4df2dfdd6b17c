import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { laneOf, newEventId } from '@nova/events';
import { type TestDatabase, testDatabase } from '@nova/testkit';
import { append } from './append.ts';
import { outboxMigrations } from './index.ts';
import { logHead, outboxStatus } from './log-state.ts';
import {
  aggregateTypesOf,
  eventById,
  eventsByAggregate,
  eventsById,
  eventsByType,
  positionBefore,
  readWindow,
} from './read-events.ts';
import { resolve } from './resolve.ts';
import type { NewEvent, RequestKey } from './unit.ts';
import { ensurePartitions } from './upkeep.ts';

const TYPES = ['item_created', 'item_renamed', 'item_moved'] as const;
const AGGREGATES = [randomUUID(), randomUUID(), randomUUID(), randomUUID()];
const COUNT = 60;
const KEY: RequestKey = {
  ...{ principal: 'dev', method: 'spec.Spec/Do', requestId: 'one' },
  hash: Buffer.alloc(32, 1),
};

let test: TestDatabase;
const events: NewEvent[] = Array.from({ length: COUNT }, (_, n) => ({
  eventId: newEventId(),
  eventIdGiven: false,
  eventType: TYPES[n % 3] ?? '',
  schemaVersion: 1,
  aggregateType: 'item',
  aggregateId: AGGREGATES[n % 4] ?? '',
  payload: Buffer.from(JSON.stringify({ content: 'x'.repeat(1000) })),
  source: '/nova/spec',
  annotations: {},
}));
/** The log's head follows from its last event: moved, the log is as long as wanted. */
const moveEvent = (from: bigint, to: bigint) =>
  test.database.query('UPDATE outbox_events SET position = $2 WHERE position = $1', [from, to]);
const ids = (of: readonly { eventId: string }[]) => of.map(({ eventId }) => eventId);

beforeAll(async () => {
  test = await testDatabase({ migrations: [{ owner: 'outbox', dir: outboxMigrations }] });
  await append(test.database, [{ key: KEY, conditions: [], mode: 'atomic', events }]);
}, 60_000);
afterAll(() => test.drop());

describe('reads by id, aggregate and type', () => {
  it('find events by id, in the order of the log', async () => {
    const wanted = [events[9], events[3]].map((one) => one?.eventId ?? '');
    const found = await eventsById(test.database, [...wanted, randomUUID()]);
    expect(ids(found)).toEqual([...wanted].reverse());
    expect(await eventById(test.database, randomUUID())).toBeUndefined();
  });

  it('page through an aggregate by version', async () => {
    const [aggregateId = ''] = AGGREGATES;
    const page = (afterVersion: bigint, eventTypes?: readonly string[]) =>
      eventsByAggregate(test.database, {
        ...{ aggregateType: 'item', aggregateId, afterVersion, limit: 6 },
        ...(eventTypes === undefined ? {} : { eventTypes }),
      });
    const own = events.filter((one) => one.aggregateId === aggregateId);
    expect(ids(await page(0n))).toEqual(ids(own.slice(0, 6)));
    expect(ids(await page(6n))).toEqual(ids(own.slice(6, 12)));
    expect(ids(await page(2n, ['item_moved']))).toEqual(
      ids(own.slice(2).filter(({ eventType }) => eventType === 'item_moved')),
    );
    expect(await aggregateTypesOf(test.database, aggregateId)).toEqual(['item']);
    expect(await aggregateTypesOf(test.database, randomUUID())).toEqual([]);
  });

  it('page through a type by position', async () => {
    const own = events.filter(({ eventType }) => eventType === 'item_renamed');
    const first = await eventsByType(test.database, {
      eventType: 'item_renamed',
      after: 0n,
      limit: 7,
    });
    expect(ids(first)).toEqual(ids(own.slice(0, 7)));
    const after = first.at(-1)?.position.position ?? 0n;
    const rest = await eventsByType(test.database, { eventType: 'item_renamed', after, limit: 99 });
    expect(ids(rest)).toEqual(ids(own.slice(7)));
  });
});

describe('readWindow', () => {
  it('reads on from where it scanned to, until the head', async () => {
    const seen: string[] = [];
    let after = 0n;
    for (const scanned of [25n, 50n, 60n, 60n]) {
      const window = await readWindow(test.database, { after, limit: 25 });
      seen.push(...ids(window.events));
      expect(window.scanned.position).toBe(scanned);
      after = window.scanned.position;
    }
    expect(seen).toEqual(ids(events));
  });

  it('scans past what is not wanted', async () => {
    const lane = laneOf(AGGREGATES[1] ?? '');
    const request = { after: 0n, limit: 20, lanes: [lane], eventTypes: ['item_moved'] };
    const window = await readWindow(test.database, request);
    const wanted = events
      .slice(0, 20)
      .filter((one) => laneOf(one.aggregateId) === lane && one.eventType === 'item_moved');
    expect(ids(window.events)).toEqual(ids(wanted));
    expect(window.scanned.position).toBe(20n);
    const none = await readWindow(test.database, { after: 0n, limit: 20, eventTypes: ['no_such'] });
    expect(none).toMatchObject({ events: [], scanned: { position: 20n } });
  });

  it('ends with the event that reaches the limit of bytes', async () => {
    const window = await readWindow(test.database, { after: 10n, limit: 50, maxBytes: 2500 });
    expect(ids(window.events)).toEqual(ids(events.slice(10, 13)));
    expect(window.scanned.position).toBe(13n);
    const least = await readWindow(test.database, { after: 10n, limit: 50, maxBytes: 1 });
    expect(least.events.length).toBe(1);
  });

  it('leaves payloads out when only headers are wanted', async () => {
    const window = await readWindow(test.database, { after: 0n, limit: 1, headersOnly: true });
    expect(window.events[0]).toMatchObject({ eventId: events[0]?.eventId });
    expect(window.events[0]?.payload.length).toBe(0);
  });
});

describe('positionBefore', () => {
  it('is the last position before a time, at the borders too', async () => {
    const { events: stored } = await readWindow(test.database, { after: 0n, limit: COUNT });
    const first = stored[0]?.storedAt ?? '';
    expect((await positionBefore(test.database, first)).position).toBe(0n);
    for (const at of [1, 7, stored.length - 1]) {
      const time = stored[at]?.storedAt ?? '';
      const before = stored.filter(({ storedAt }) => storedAt < time).length;
      expect((await positionBefore(test.database, time)).position).toBe(BigInt(before));
    }
    const { head } = await logHead(test.database);
    expect(await positionBefore(test.database, '2100-01-01T00:00:00Z')).toEqual(head);
    expect((await positionBefore(test.database, '1999-01-01T00:00:00Z')).position).toBe(0n);
  });
});

describe('resolve', () => {
  const [aggregateId = ''] = AGGREGATES;
  const at = { aggregateType: 'item', aggregateId };

  it('finds the stored answer', async () => {
    const { stored, newer } = await resolve(test.database, { key: KEY, seen: [] });
    expect(stored).toMatchObject({ outcome: 'stored', replayed: true });
    expect(stored?.outcome === 'stored' && stored.events.length).toBe(COUNT);
    expect(newer).toEqual([]);
  });

  it('knows a key that was used for something else', async () => {
    const key = { ...KEY, hash: Buffer.alloc(32, 9) };
    const { stored } = await resolve(test.database, { key, seen: [] });
    expect(stored).toMatchObject({ refusals: [{ reason: 'REQUEST_ID_REUSED' }] });
  });

  it('answers newer events of the named types, over aggregates in the order of the log', async () => {
    const other = AGGREGATES[2] ?? '';
    const { stored, newer, more } = await resolve(test.database, {
      key: { ...KEY, requestId: 'two' },
      seen: [
        { ...at, eventTypes: ['item_moved'], version: 9n },
        { ...at, aggregateId: other, eventTypes: [], version: 13n },
      ],
    });
    const wanted = [
      ...events.filter((one) => one.aggregateId === aggregateId).slice(9),
      ...events.filter((one) => one.aggregateId === other).slice(13),
    ].filter((one) => one.aggregateId === other || one.eventType === 'item_moved');
    expect(stored).toBeUndefined();
    expect(ids(newer)).toEqual(ids(events.filter((one) => wanted.includes(one))));
    expect(more).toBe(false);
  });

  it('says when there are more than fit', async () => {
    const many = Array.from({ length: 501 }, () => ({ ...(events[0] as NewEvent) }));
    const own = randomUUID();
    await append(test.database, [
      {
        conditions: [],
        mode: 'atomic',
        events: many.map((one) => ({
          ...one,
          eventId: newEventId(),
          aggregateId: own,
          payload: Buffer.from('{}'),
        })),
      },
    ]);
    const seen = { ...at, aggregateId: own, eventTypes: ['item_created'] };
    const all = await resolve(test.database, { seen: [{ ...seen, version: 0n }] });
    expect(all).toMatchObject({ more: true });
    expect(all.newer.length).toBe(500);
    const fewer = await resolve(test.database, { seen: [{ ...seen, version: 1n }] });
    expect(fewer).toMatchObject({ more: false });
  });
});

describe('outboxStatus', () => {
  it('counts what is above the cursors of the lanes', async () => {
    const { head } = await logHead(test.database);
    const lane = laneOf(AGGREGATES[0] ?? '');
    await test.database.query('UPDATE outbox_lanes SET position = $1 WHERE lane <> $2', [
      head.position,
      lane,
    ]);
    const inLane = events.filter((one) => laneOf(one.aggregateId) === lane).length;
    const { pending, pendingIsUpperBound, oldestPendingAgeMs, lanes } = await outboxStatus(
      test.database,
    );
    expect(Number(pending) % 501).toBe(inLane);
    expect(pendingIsUpperBound).toBe(false);
    expect(oldestPendingAgeMs).toBeGreaterThan(0);
    expect(lanes.length).toBe(64);
    await test.database.query('UPDATE outbox_lanes SET position = $1', [head.position]);
    expect(await outboxStatus(test.database)).toMatchObject({
      pending: 0n,
      oldestPendingAgeMs: undefined,
    });
  });

  it('bounds what is pending from above when there is much of it', async () => {
    const { head } = await logHead(test.database);
    const far = head.position + 20_000n;
    await moveEvent(head.position, far);
    const status = await outboxStatus(test.database);
    expect(status).toMatchObject({ pending: 20_000n, pendingIsUpperBound: true });
    await moveEvent(far, head.position);
  });
});

describe('ensurePartitions', () => {
  it('makes the next partition once the last is half full', async () => {
    const end = async () =>
      (await test.database.query<{ e: bigint }>('SELECT partition_end AS e FROM outbox_log'))[0]?.e;
    const { head } = await logHead(test.database);
    await ensurePartitions(test.database);
    expect(await end()).toBe(2n ** 24n);
    await moveEvent(head.position, 2n ** 23n);
    await Promise.all([ensurePartitions(test.database), ensurePartitions(test.database)]);
    expect(await end()).toBe(2n ** 25n);
    await moveEvent(2n ** 23n, head.position);
  });
});

describe('a window of a long log', () => {
  it('reads no more than its positions, also where the server has no statistics', async () => {
    const fresh = await testDatabase({ migrations: [{ owner: 'outbox', dir: outboxMigrations }] });
    try {
      for (let unit = 0; unit < 8; unit += 1) {
        const many = Array.from({ length: 8 }, () =>
          events.map((event) => ({ ...event, eventId: newEventId() })),
        ).flat();
        await append(fresh.database, [{ conditions: [], mode: 'atomic', events: many }]);
      }
      const sql = readFileSync(new URL('./sql/read-window.sql', import.meta.url), 'utf8');
      const plan = await fresh.database.query<Record<string, string>>(
        `EXPLAIN (ANALYZE, TIMING OFF, SUMMARY OFF) ${sql}`,
        [100n, 50, null, [...TYPES], 2n ** 40n, false, null, null, null, null],
      );
      const rows = plan.flatMap((line) =>
        [...String(line['QUERY PLAN']).matchAll(/actual rows=(\d+)/g)].map(([, n]) => Number(n)),
      );
      expect(rows.length).toBeGreaterThan(3);
      expect(Math.max(...rows)).toBe(50);
    } finally {
      await fresh.drop();
    }
  });
});
