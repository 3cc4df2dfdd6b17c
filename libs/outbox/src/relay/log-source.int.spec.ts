import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { derivedId, LANES, laneOf, newEventId, type StoredEvent } from '@nova/events';
import { type TestDatabase, testDatabase } from '@nova/testkit';
import { append, outboxMigrations, readWindow, rebase } from '../index.ts';
import { logSource } from './log-source.ts';

let test: TestDatabase;
const ids = Array.from({ length: 100 }, (_, index) => derivedId(`source ${index}`));
const allLanes = Array.from({ length: LANES }, (_, lane) => lane);
// Compared byte for byte, but not byte by byte: that would take jest a minute.
const comparable = (event: StoredEvent) => ({
  ...event,
  payload: Buffer.from(event.payload).toString('base64'),
});
const LIMITS = { rows: 2000, bytes: 4_000_000 };

async function appendRound(round: number, payloadBytes = 50): Promise<void> {
  await append(test.database, [
    {
      conditions: [],
      mode: 'atomic',
      events: ids.map((aggregateId, index) => ({
        eventId: newEventId(),
        eventIdGiven: false,
        eventType: round % 2 === 0 ? 'source_created' : 'source_changed',
        schemaVersion: 1 + (index % 3),
        aggregateType: 'conversation',
        aggregateId,
        payload: Buffer.from(JSON.stringify({ text: 'ö'.repeat(payloadBytes) })),
        source: '/nova/spec',
        ...(index % 2 === 0 ? { tenant: 'acme' } : {}),
        occurredAt: index % 2 === 0 ? '1969-12-31T23:59:59.000001Z' : '2026-01-01T00:00:00Z',
        annotations: index % 3 === 0 ? { correlationId: 'c', metadata: { key: 'wert ä' } } : {},
      })),
    },
  ]);
}

beforeAll(async () => {
  test = await testDatabase({ migrations: [{ owner: 'outbox', dir: outboxMigrations }] });
  for (let round = 0; round < 6; round += 1) await appendRound(round);
  await rebase(test.database);
  await appendRound(6);
  await appendRound(7, 10_000);
}, 60_000);
afterAll(() => test.drop());

describe('the log source', () => {
  it('reads the same events as everybody else, epochs included', async () => {
    const source = logSource(test.database);
    const { position: upto } = await source.head();
    expect(upto).toBe(800n);
    const { events, scanned, hasMore } = await source.read({
      after: 0n,
      upto,
      lanes: allLanes,
      ...LIMITS,
    });
    const expected = await readWindow(test.database, { after: 0n, limit: 1000 });
    expect(events.map(comparable)).toEqual(expected.events.map(comparable));
    expect(new Set(events.map(({ position }) => position.epoch)).size).toBe(2);
    expect({ scanned, hasMore }).toEqual({ scanned: 800n, hasMore: false });
  });

  it('reads the lanes that it is asked for', async () => {
    const source = logSource(test.database);
    await source.head();
    const lanes = [...new Set(ids.slice(0, 5).map(laneOf))];
    const window = await source.read({ after: 100n, upto: 600n, lanes, ...LIMITS });
    expect(new Set(window.events.map(({ lane }) => lane))).toEqual(new Set(lanes));
    expect(window.events).toHaveLength(5 * ids.filter((id) => lanes.includes(laneOf(id))).length);
    expect(window.scanned).toBe(600n);
  });

  it('ends a window with its rows, and says where', async () => {
    const source = logSource(test.database);
    await source.head();
    const range = { after: 10n, upto: 800n, lanes: allLanes, bytes: LIMITS.bytes, rows: 70 };
    const { events, scanned, hasMore } = await source.read(range);
    expect(events.map(({ position }) => position.position)).toEqual(
      Array.from({ length: 70 }, (_, index) => BigInt(11 + index)),
    );
    expect({ scanned, hasMore }).toEqual({ scanned: 80n, hasMore: true });
  });

  it('ends a window with its bytes, but never without an event', async () => {
    const source = logSource(test.database);
    await source.head();
    const range = { after: 700n, upto: 800n, lanes: allLanes, rows: 2000 };
    const several = await source.read({ ...range, bytes: 100_000 });
    expect(several.events).toHaveLength(5);
    expect(several).toMatchObject({ scanned: 705n, hasMore: true });
    const one = await source.read({ ...range, bytes: 1 });
    expect(one.events).toHaveLength(1);
    expect(one).toMatchObject({ scanned: 701n, hasMore: true });
  });

  it('sees nothing above the end of the log', async () => {
    const source = logSource(test.database);
    const { position } = await source.head();
    const range = { after: position, upto: position, lanes: allLanes, ...LIMITS };
    expect(await source.read(range)).toEqual({ events: [], scanned: position, hasMore: false });
  });
});
