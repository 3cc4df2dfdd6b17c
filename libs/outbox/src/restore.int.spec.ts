import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { newEventId } from '@nova/events';
import { silentLogger } from '@nova/telemetry';
import { type TestDatabase, testDatabase, waitFor } from '@nova/testkit';
import {
  append,
  createRelay,
  logHead,
  noticeIncarnation,
  outboxMigrations,
  type Relay,
} from './index.ts';
import { FakePublisher } from './testing/fake-publisher.ts';

const FAST = { pollIntervalMs: 50, advanceIntervalMs: 20, minWindowGapMs: 0, leaseMs: 60_000 };

let test: TestDatabase;
let relays: Relay[] = [];

beforeEach(async () => {
  test = await testDatabase({ migrations: [{ owner: 'outbox', dir: outboxMigrations }] });
}, 60_000);
afterEach(async () => {
  await Promise.all(relays.map((relay) => relay.stop()));
  relays = [];
  await test.drop();
});

/** Appends events of aggregates of their own; resolves with their ids. */
async function publish(count: number): Promise<string[]> {
  const events = Array.from({ length: count }, () => ({
    eventId: newEventId(),
    eventIdGiven: false,
    eventType: 'message_created',
    schemaVersion: 1,
    aggregateType: 'conversation',
    aggregateId: crypto.randomUUID(),
    payload: Buffer.from('{}'),
    source: '/nova/spec',
    annotations: {},
  }));
  await eventually(() => append(test.database, [{ conditions: [], mode: 'atomic', events }]));
  return events.map(({ eventId }) => eventId);
}

/** Connections that a restore has ended are made anew at the next try. */
async function eventually<T>(work: () => Promise<T>): Promise<T> {
  let result: { value: T } | undefined;
  await waitFor(
    async () => {
      result = await work().then(
        (value) => ({ value }),
        () => undefined,
      );
      return result !== undefined;
    },
    { withinMs: 5000, what: 'the database' },
  );
  if (result === undefined) throw new Error('no result');
  return result.value;
}

function startRelay(relayId: string) {
  const publisher = new FakePublisher();
  const relay = createRelay({
    database: test.database,
    publisher,
    relayId,
    logger: silentLogger,
    settings: FAST,
  });
  relays.push(relay);
  const hasAll = (ids: readonly string[]) => {
    const arrived = new Set(publisher.arrived.map(({ headers }) => headers['ce_id']));
    return ids.every((id) => arrived.has(id));
  };
  return {
    start: () => relay.start(),
    stop: () => relay.stop(),
    has: (ids: readonly string[], what: string) =>
      waitFor(() => hasAll(ids), { withinMs: 10_000, what }),
  };
}

const cursorsAt = (position: bigint) =>
  waitFor(
    async () => {
      const rows = await eventually(() =>
        test.database.query<{ position: bigint }>('SELECT DISTINCT position FROM outbox_lanes'),
      );
      return rows.length === 1 && rows[0]?.position === position;
    },
    { withinMs: 10_000, what: `all cursors at ${position}` },
  );

describe('a log that is restored while its server goes on running', () => {
  it('begins a new epoch by itself, once, and keeps the one of its events', async () => {
    await publish(3);
    const { epochs: before } = await logHead(test.database);
    expect(await noticeIncarnation(test.database)).toBeUndefined();
    const backup = await test.backUp();
    await publish(2);
    await backup.restore();
    const begun = await eventually(() => noticeIncarnation(test.database));
    expect(begun).toMatchObject({ position: 3n });
    expect(await noticeIncarnation(test.database)).toBeUndefined();
    const { head, epochs } = await logHead(test.database);
    expect(epochs.slice(0, -1)).toEqual(before);
    expect(epochs.at(-1)).toMatchObject({ epoch: head.epoch, firstPosition: 4n });
    await publish(1);
    expect((await logHead(test.database)).epochs).toHaveLength(epochs.length);
  });

  it('does so with the first append, where nobody looked before', async () => {
    await publish(3);
    const backup = await test.backUp();
    await publish(2);
    const { head: lost } = await logHead(test.database);
    await backup.restore();
    await publish(4);
    const { head, epochs } = await logHead(test.database);
    expect(head.epoch).not.toBe(lost.epoch);
    expect(epochs.at(-1)).toMatchObject({ firstPosition: 4n });
  });
});

describe('a relay under which the log is restored', () => {
  it('publishes what is appended in place of what it had published, up to the old end and beyond', async () => {
    const relay = startRelay('living');
    await relay.start();
    const kept = await publish(20);
    await relay.has(kept, 'what was backed up');
    await cursorsAt(20n);
    const backup = await test.backUp();
    const lost = await publish(30);
    await relay.has(lost, 'what will be lost');
    await cursorsAt(50n);
    await backup.restore();
    // More than were lost: by positions alone nobody could tell.
    const instead = [...(await publish(25)), ...(await publish(15))];
    await relay.has(instead, 'everything that the restored log has');
    await cursorsAt(60n);
  }, 40_000);

  it('goes back also where nothing was appended yet, and where it had stopped', async () => {
    const relay = startRelay('before');
    await relay.start();
    await publish(20);
    await cursorsAt(20n);
    const backup = await test.backUp();
    await publish(30);
    await cursorsAt(50n);
    await backup.restore();
    // It has seen the head of the restored log, below its own cursors.
    await cursorsAt(20n);
    const first = await publish(2);
    await relay.has(first, 'the first events after the restore');
    await relay.stop();
    const next = await publish(5);
    const heir = startRelay('after');
    await heir.start();
    await heir.has(next, 'what was appended without a relay');
  }, 40_000);
});
