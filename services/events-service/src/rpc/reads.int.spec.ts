import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { outboxMigrations } from '@nova/outbox';
import { RpcError } from '@nova/rpc';
import { type TestDatabase, testDatabase } from '@nova/testkit';
import { serviceMigrations } from '../storage/migrate-log.ts';
import { type ServedLog, serveLog } from './testing.ts';

const SENDER = '11111111-2222-4333-8444-555555555555';
let data: TestDatabase;
let served: ServedLog;

beforeAll(async () => {
  data = await testDatabase({
    migrations: [
      { owner: 'outbox', dir: outboxMigrations },
      { owner: 'events-service', dir: serviceMigrations },
    ],
  });
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
});
