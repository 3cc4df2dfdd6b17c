import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RpcError } from '@nova/rpc';
import type { TestDatabase } from '@nova/testkit';
import { logDatabase } from './log-database.rig.spec.ts';
import { type ServedLog, serveLog } from './testing.ts';

const SENDER = '11111111-2222-4333-8444-555555555555';
let data: TestDatabase;
let served: ServedLog;

beforeAll(async () => {
  data = await logDatabase();
  served = await serveLog(data.url);
}, 60_000);
afterAll(async () => {
  await served.stop();
  await data.drop();
});

function message(aggregateId: string = randomUUID(), content = 'hello') {
  return {
    eventType: 'message_created',
    aggregateId,
    payload: { message_id: randomUUID(), sender_id: SENDER, content },
  };
}

async function failureOf(call: Promise<unknown>): Promise<RpcError> {
  const thrown: unknown = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (thrown instanceof RpcError) return thrown;
  throw new Error(`the call did not fail with an RpcError: ${String(thrown)}`);
}

const fieldsOf = async (call: Promise<unknown>) =>
  (await failureOf(call)).violations.map(({ field }) => field);

describe('GetEvent', () => {
  it('says NOT_FOUND for an id that is nowhere', async () => {
    const failed = await failureOf(served.events.getEvent({ eventId: randomUUID() }));
    expect(failed).toMatchObject({ status: 'NOT_FOUND', reason: 'EVENT_NOT_FOUND' });
  });

  it('refuses what is no id', async () => {
    for (const eventId of ['', 'x', randomUUID().toUpperCase()]) {
      expect(await fieldsOf(served.events.getEvent({ eventId }))).toEqual(['event_id']);
    }
  });
});

describe('GetEventsByAggregate', () => {
  it('pages in version order, from after a version on', async () => {
    const aggregateId = randomUUID();
    await served.events.publishEvents({
      events: Array.from({ length: 25 }, (_, n) => message(aggregateId, `${n}`)),
    });
    const seen: bigint[] = [];
    const sizes: number[] = [];
    let pageToken = '';
    do {
      const page = await served.events.getEventsByAggregate({
        aggregateId,
        afterVersion: 3n,
        pageSize: 10,
        pageToken,
      });
      seen.push(...page.events.map(({ aggregateVersion }) => aggregateVersion));
      sizes.push(page.events.length);
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    expect(sizes).toEqual([10, 10, 2]);
    expect(seen).toEqual(Array.from({ length: 22 }, (_, n) => BigInt(n + 4)));
  });

  it('gives no token with a page that ends exactly at the end', async () => {
    const aggregateId = randomUUID();
    await served.events.publishEvents({ events: [message(aggregateId), message(aggregateId)] });
    const page = await served.events.getEventsByAggregate({ aggregateId, pageSize: 2 });
    expect(page).toMatchObject({ nextPageToken: '' });
    expect(page.events).toHaveLength(2);
  });

  it('cuts a page of large payloads so that it fits into a message', async () => {
    const aggregateId = randomUUID();
    for (let n = 0; n < 4; n += 1) {
      await served.events.publishEvents({
        events: Array.from({ length: 4 }, () => message(aggregateId, 'x'.repeat(240_000))),
      });
    }
    let count = 0;
    let pageToken = '';
    do {
      const page = await served.events.getEventsByAggregate({ aggregateId, pageToken });
      expect(page.events.length).toBeGreaterThan(0);
      count += page.events.length;
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    expect(count).toBe(16);
  });

  it('asks for the aggregate type only when the id occurs under several', async () => {
    const id = randomUUID();
    await served.events.publishEvent(message(id));
    expect((await served.events.getEventsByAggregate({ aggregateId: id })).events).toHaveLength(1);
    await served.events.publishEvent({
      eventType: 'user_created',
      aggregateId: id,
      payload: { username: 'ann' },
    });
    expect(await fieldsOf(served.events.getEventsByAggregate({ aggregateId: id }))).toEqual([
      'aggregate_type',
    ]);
    const { events } = await served.events.getEventsByAggregate({
      aggregateId: id,
      aggregateType: 'user',
    });
    expect(events.map(({ eventType }) => eventType)).toEqual(['user_created']);
  });

  it('is empty for an aggregate without events', async () => {
    const page = await served.events.getEventsByAggregate({ aggregateId: randomUUID() });
    expect(page).toMatchObject({ events: [], nextPageToken: '' });
  });

  it('refuses tokens that are forged or of another list, and bad fields', async () => {
    const aggregateId = randomUUID();
    await served.events.publishEvents({ events: [message(aggregateId), message(aggregateId)] });
    const list = served.events.getEventsByAggregate;
    const { nextPageToken: pageToken } = await list({ aggregateId, pageSize: 1 });
    expect(pageToken).not.toBe('');
    const forged = Buffer.from(pageToken, 'base64url');
    forged[forged.length - 1] = 0x39;
    for (const token of ['1', 'AAAA', forged.toString('base64url'), `${pageToken}A`]) {
      expect(await fieldsOf(list({ aggregateId, pageToken: token }))).toEqual(['page_token']);
    }
    expect(await fieldsOf(list({ aggregateId, afterVersion: 1n, pageToken }))).toEqual([
      'page_token',
    ]);
    expect(await fieldsOf(list({ aggregateId: randomUUID(), pageToken }))).toEqual(['page_token']);
    expect(
      await fieldsOf(served.events.getEventsByType({ eventType: 'message_created', pageToken })),
    ).toEqual(['page_token']);
    expect(await fieldsOf(list({ aggregateId, pageSize: -1 }))).toEqual(['page_size']);
    expect(await fieldsOf(list({ aggregateId, afterVersion: -1n }))).toEqual(['after_version']);
    expect(await fieldsOf(list({ aggregateId: 'x' }))).toEqual(['aggregate_id']);
    expect(await fieldsOf(list({ aggregateId, aggregateType: 'planet' }))).toEqual([
      'aggregate_type',
    ]);
  });
});

describe('GetEventsByType', () => {
  it('pages in the order of the log, and takes aliases', async () => {
    const ids = Array.from({ length: 7 }, () => randomUUID());
    for (const aggregateId of ids) {
      await served.events.publishEvents({
        events: [
          { eventType: 'task_deleted', aggregateId, payload: { user_id: SENDER } },
          message(),
        ],
      });
    }
    const seen: string[] = [];
    let pageToken = '';
    do {
      const page = await served.events.getEventsByType({
        eventType: seen.length === 0 ? 'task_deleted' : 'task.deleted',
        pageSize: 3,
        pageToken,
      });
      seen.push(...page.events.map(({ aggregateId }) => aggregateId));
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    expect(seen).toEqual(ids);
  });

  it('refuses an unknown type and names the nearest', async () => {
    const failed = await failureOf(served.events.getEventsByType({ eventType: 'task_deletd' }));
    expect(failed).toMatchObject({ status: 'INVALID_ARGUMENT', reason: 'EVENT_TYPE_UNKNOWN' });
    expect(failed.violations[0]?.description).toContain('task_deleted');
  });
});

describe('GetOutboxStatus', () => {
  it('counts what no relay has published, and its age', async () => {
    await served.events.publishEvent(message());
    const status = await served.events.getOutboxStatus({});
    const [row] = await data.database.query<{ n: bigint }>(
      'SELECT count(*) AS n FROM outbox_events',
    );
    expect(status.pending).toBe(row?.n);
    expect(status.pendingIsUpperBound).toBe(false);
    expect(status.oldestPendingAge).toBeDefined();
    expect(status.lanes).toHaveLength(64);
    expect(status.lanes.every(({ owner }) => owner === '')).toBe(true);
  });

  it('says of which lanes and types that is', async () => {
    const aggregateId = randomUUID();
    await served.events.publishEvent(message(aggregateId));
    await served.events.publishEvent({
      eventType: 'member_added',
      aggregateId,
      payload: { user_id: randomUUID() },
    });
    const status = await served.events.getOutboxStatus({});
    const rows = await data.database.query<{ lane: number; event_type: string }>(
      'SELECT lane, event_type FROM outbox_events',
    );
    const pendingOf = (matches: (row: { lane: number; event_type: string }) => boolean) =>
      BigInt(rows.filter(matches).length);
    for (const { lane, pending } of status.lanes) {
      expect(pending).toBe(pendingOf((row) => row.lane === lane));
    }
    const types = status.types.map(({ eventType, pending }) => [eventType, pending] as const);
    expect(new Map(types)).toEqual(
      new Map(
        rows.map(({ event_type: type }) => [type, pendingOf((row) => row.event_type === type)]),
      ),
    );
    expect(types.length).toBeGreaterThan(1);
    expect(status.types.every(({ oldestPendingAge }) => oldestPendingAge !== undefined)).toBe(true);
  });
});

describe('GetEventStats', () => {
  it('counts what was stored in the period, by type', async () => {
    await served.events.publishEvent(message());
    const rows = await data.database.query<{ type: string; n: bigint; of: bigint; bytes: bigint }>(
      `SELECT event_type AS type, count(*) AS n, count(DISTINCT aggregate_id) AS of,
                sum(octet_length(payload))::bigint AS bytes
         FROM outbox_events GROUP BY event_type ORDER BY n DESC, type`,
    );
    const stats = await served.events.getEventStats({});
    const all = rows.reduce((sum, { n }) => sum + n, 0n);
    expect(stats).toMatchObject({ events: all, counted: all, total: all });
    expect(stats.eventsPerSecond).toBeCloseTo(Number(all) / 3600);
    expect(
      stats.types.map(({ eventType, events, aggregates, payloadBytes }) => [
        ...[eventType, events, aggregates, payloadBytes],
      ]),
    ).toEqual(rows.map(({ type, n, of, bytes }) => [type, n, of, bytes]));
    // As if they had been stored two hours ago.
    await data.database.query(
      `UPDATE outbox_events SET stored_at = stored_at - interval '2 hours'
       WHERE position <= (SELECT last_position - 1 FROM outbox_log)`,
    );
    expect((await served.events.getEventStats({})).events).toBe(1n);
    const day = { seconds: 86_400n };
    expect((await served.events.getEventStats({ period: day })).events).toBe(all);
  });

  it.each([0n, -5n, 400n * 86_400n])('refuses a period of %s seconds', async (seconds) => {
    const call = served.events.getEventStats({ period: { seconds } });
    await expect(call).rejects.toMatchObject({ status: 'INVALID_ARGUMENT' });
  });
});
