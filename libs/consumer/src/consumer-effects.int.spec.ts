import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { outboxMigrations } from '@nova/outbox';
import { silentLogger } from '@nova/telemetry';
import { type TestDatabase, testDatabase, waitFor } from '@nova/testkit';
import { EffectBell } from './effects/effect-bell.ts';
import { type Consumer, consumerMigrations, createConsumer } from './index.ts';
import { Notices, notice } from './testing/notices.rig.spec.ts';
import {
  appendAll,
  loseAfter,
  newEvent,
  type OutboxLog,
  outboxLog,
} from './testing/outbox-log.rig.spec.ts';
import { rooms } from './testing/rooms.ts';
import { MemorySource, MemoryTopics } from './testing.ts';

let store: TestDatabase;
let consumer: Consumer;
let topics: MemoryTopics;
let log: OutboxLog;
let notices: Notices;

beforeAll(async () => {
  store = await testDatabase({
    migrations: [
      { owner: 'outbox', dir: outboxMigrations },
      { owner: 'consumer', dir: consumerMigrations },
    ],
  });
});
afterAll(() => store.drop());
afterEach(() => consumer.stop());

async function member(name: string, appender: Notices): Promise<Consumer> {
  const started = createConsumer({
    definition: { service: 'spec', name, views: [rooms], effects: [notice] },
    database: store.database,
    source: new MemorySource(topics),
    log,
    appender,
    logger: silentLogger,
  });
  await started.start();
  await waitFor(() => started.status().phase === 'running', { withinMs: 5000, what: 'a start' });
  return started;
}

async function start(name: string): Promise<void> {
  topics = new MemoryTopics();
  log = outboxLog(store.database);
  notices = new Notices();
  consumer = await member(name, notices);
}

async function say(room: string, to: string, ...texts: string[]) {
  const events = await appendAll(
    store.database,
    texts.map((content) =>
      newEvent('message_created', room, {
        message_id: room,
        sender_id: room,
        recipient_id: to,
        content,
      }),
    ),
  );
  for (const event of events) topics.publish(event);
  return events;
}

/** How many effect lanes each member holds, most first. */
async function shares(name: string): Promise<number[]> {
  const rows = await store.database.query<{ lanes: number }>(
    `SELECT count(*)::integer AS lanes FROM consumer_effect_lanes
     WHERE consumer = $1 AND lease_until > clock_timestamp() GROUP BY owner ORDER BY 1 DESC`,
    [name],
  );
  return rows.map(({ lanes }) => lanes);
}

const isShared = (name: string, wanted: readonly number[]) =>
  waitFor(async () => JSON.stringify(await shares(name)) === JSON.stringify(wanted), {
    withinMs: 8000,
    what: `lanes ${wanted.join(' and ')}`,
  });

const settled = () =>
  waitFor(() => consumer.status().lagEvents === 0 && consumer.status().pendingEffects === 0, {
    withinMs: 8000,
    what: 'all effects',
  });

describe('effects', () => {
  it('are carried out once per event, in order per target, never again by a rebuild', async () => {
    await start('once');
    const [room, alice] = [crypto.randomUUID(), crypto.randomUUID()];
    await say(room, alice, 'one', 'two', 'muted', 'three');
    await waitFor(() => notices.given.length === 3, { withinMs: 5000, what: 'notices' });
    expect(notices.texts().map((text) => /one|two|three/.exec(text)?.[0])).toEqual([
      'one',
      'two',
      'three',
    ]);
    expect(new Set(notices.given.map(({ eventId }) => eventId)).size).toBe(3);
    // One whose first event is its only one, too.
    await say(crypto.randomUUID(), alice, 'alone');
    await waitFor(() => notices.given.length === 4, { withinMs: 5000, what: 'another' });
    await consumer.rebuild();
    await say(room, alice, 'four');
    await waitFor(() => notices.texts().some((text) => text.includes('four')), {
      withinMs: 8000,
      what: 'the last',
    });
    await settled();
    expect(notices.given).toHaveLength(5);
  });

  it('wait in order while the log is away', async () => {
    await start('away');
    notices.isAway = true;
    const [room, alice] = [crypto.randomUUID(), crypto.randomUUID()];
    await say(room, alice, 'one', 'two');
    await waitFor(() => consumer.status().trouble !== undefined, {
      withinMs: 5000,
      what: 'trouble',
    });
    notices.isAway = false;
    await waitFor(() => notices.given.length === 2, { withinMs: 5000, what: 'notices' });
    expect(notices.texts()[0]).toContain('one');
  });

  it.each([
    ['the log refuses them', 'refused', 'bad'],
    ['they cannot be judged', 'unjudged', 'unjudgeable'],
  ])('are parked when %s, with those behind them of the same target', async (_why, name, text) => {
    await start(name);
    const [room, alice, bob] = [crypto.randomUUID(), crypto.randomUUID(), crypto.randomUUID()];
    notices.refuses = ({ payload }) => JSON.stringify(payload).includes('bad');
    await say(room, alice, text, 'behind');
    await say(room, bob, 'free');
    await waitFor(() => notices.given.length === 1, { withinMs: 5000, what: 'the free one' });
    expect(notices.texts()[0]).toContain('free');
    await waitFor(
      () => consumer.status().parkedEffects === 1 && consumer.status().pendingEffects === 1,
      { withinMs: 8000, what: 'one parked and one behind it' },
    );
    expect(notices.given).toHaveLength(1);
  });

  it('are shared by members: each drains its lanes, and takes those of one that leaves', async () => {
    await start('shared');
    await isShared('shared', [64]);
    const leased = "SELECT DISTINCT owner FROM consumer_effect_lanes WHERE consumer = 'shared'";
    const [mine] = await store.database.query<{ owner: string }>(leased);
    const others = new Notices();
    const other = await member('shared', others);
    await isShared('shared', [32, 32]);
    const room = crypto.randomUUID();
    const people = Array.from({ length: 30 }, () => crypto.randomUUID());
    for (const one of people) await say(room, one, 'first', 'second');
    const given = () => [...notices.given, ...others.given];
    await waitFor(() => given().length === 60, { withinMs: 10_000, what: 'all notices' });
    expect(notices.given.length).toBeGreaterThan(0);
    expect(others.given.length).toBeGreaterThan(0);
    for (const one of people) {
      // Both notices of a person went through one member, in order.
      const texts = [notices, others].map((by) =>
        by.given
          .filter(({ target }) => target === one)
          .map(({ payload }) => /first|second/.exec(JSON.stringify(payload))?.[0]),
      );
      expect(texts).toContainEqual(['first', 'second']);
    }
    await other.stop();
    // Given back, not waited for until the leases end.
    const kept = await store.database.query(`${leased} AND owner <> $1`, [mine?.owner]);
    expect(kept).toEqual([]);
    await isShared('shared', [64]);
  }, 40_000);

  it('follow the events that the log has in place of lost ones, and no lost one', async () => {
    await start('lost');
    const [room, alice] = [crypto.randomUUID(), crypto.randomUUID()];
    const [kept] = await say(room, alice, 'kept');
    await say(room, alice, 'lost', 'lost as well');
    await waitFor(() => notices.given.length === 3, { withinMs: 5000, what: 'notices' });
    notices.isAway = true;
    await say(room, alice, 'never told');
    await waitFor(() => consumer.status().trouble !== undefined, {
      withinMs: 5000,
      what: 'an effect that waits',
    });
    await loseAfter(store.database, kept);
    const next = await say(room, alice, 'instead');
    expect(next[0]?.aggregateVersion).toBe(2n);
    notices.isAway = false;
    await waitFor(() => notices.given.length === 4, { withinMs: 10_000, what: 'a notice instead' });
    await settled();
    const told = notices
      .texts()
      .map((text) => /kept|lost as well|lost|never|instead/.exec(text)?.[0]);
    expect(told).toEqual(['kept', 'lost', 'lost as well', 'instead']);
    // Nor does a rebuild repeat what was kept, or forget what came instead.
    await consumer.rebuild();
    await say(room, alice, 'after');
    await waitFor(() => notices.given.length === 5, { withinMs: 10_000, what: 'one more' });
    await settled();
    expect(notices.given).toHaveLength(5);
  }, 40_000);

  it('are not carried out once the event has expired, which views show all the same', async () => {
    await start('expired');
    const [room, alice] = [crypto.randomUUID(), crypto.randomUUID()];
    const payload = { message_id: room, sender_id: room, recipient_id: alice, content: 'late' };
    const given = newEvent('message_created', room, payload);
    const annotations = { expiresAt: new Date(Date.now() - 1000).toISOString() };
    for (const event of await appendAll(store.database, [{ ...given, annotations }])) {
      topics.publish(event);
    }
    await say(room, alice, 'on time');
    await waitFor(() => notices.given.length === 1, { withinMs: 8000, what: 'a notice' });
    await settled();
    expect(notices.texts()[0]).toContain('on time');
    expect(notices.given).toHaveLength(1);
    const rows = await consumer.read((views) =>
      views.query('SELECT messages FROM room_view WHERE conversation_id = $1', [room]),
    );
    expect(rows).toEqual([{ messages: 2 }]);
  });

  it('written by one member wake the one that drains them, through the database', async () => {
    const [mine, other] = [
      new EffectBell(store.database, 'bell'),
      new EffectBell(store.database, 'bell'),
    ];
    const ears = other.listening();
    await ears.start();
    const late = AbortSignal.timeout(10_000);
    // Once when it begins to listen: something may have been missed.
    await other.wait(60_000, late);
    mine.ring();
    await other.wait(60_000, late);
    expect(late.aborted).toBe(false);
    await ears.stop();
  });
});
