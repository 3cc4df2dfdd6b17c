import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { outboxMigrations } from '@nova/outbox';
import { silentLogger } from '@nova/telemetry';
import { type TestDatabase, testDatabase, waitFor } from '@nova/testkit';
import { EffectBell } from './effects/effect-bell.ts';
import { type Consumer, consumerMigrations, createConsumer } from './index.ts';
import { Notices, notice } from './testing/notices.rig.spec.ts';
import { appendAll, newEvent, type OutboxLog, outboxLog } from './testing/outbox-log.rig.spec.ts';
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

async function start(name: string): Promise<void> {
  topics = new MemoryTopics();
  log = outboxLog(store.database);
  notices = new Notices();
  consumer = createConsumer({
    definition: { service: 'spec', name, views: [rooms], effects: [notice] },
    database: store.database,
    source: new MemorySource(topics),
    log,
    appender: notices,
    logger: silentLogger,
  });
  await consumer.start();
  await waitFor(() => consumer.status().phase === 'running', { withinMs: 5000, what: 'a start' });
}

async function say(room: string, to: string, ...texts: string[]): Promise<void> {
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
}

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
    await consumer.rebuild();
    await say(room, alice, 'four');
    await waitFor(() => notices.given.length === 4, { withinMs: 8000, what: 'the fourth' });
    await settled();
    expect(notices.given).toHaveLength(4);
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
    await waitFor(() => consumer.status().parkedEffects === 1, { withinMs: 8000, what: 'parking' });
    await waitFor(() => notices.given.length === 1, { withinMs: 5000, what: 'the free one' });
    expect(notices.texts()[0]).toContain('free');
    expect(consumer.status().pendingEffects).toBe(1);
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
