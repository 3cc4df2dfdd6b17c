import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { encodeToken, partitionOf, type StoredEvent, topicOf } from '@nova/events';
import { type NewEvent, outboxMigrations, rebase } from '@nova/outbox';
import type { Database } from '@nova/postgres';
import { silentLogger } from '@nova/telemetry';
import { type TestDatabase, testDatabase, waitFor } from '@nova/testkit';
import { systemClock } from '@nova/time';
import {
  type Consumer,
  type ConsumerSettings,
  consumerMigrations,
  createConsumer,
} from './index.ts';
import { appendAll, newEvent, type OutboxLog, outboxLog } from './testing/outbox-log.rig.spec.ts';
import { members, POISON, type Room, rooms, setPoisonous, UNSTORABLE } from './testing/rooms.ts';
import { MemorySource, MemoryTopics } from './testing.ts';

let store: TestDatabase;
let database: Database;
let topics: MemoryTopics;
let log: OutboxLog;
let running: Consumer[] = [];
const name = 'views';

// A log of its own for each test: a new consumer applies all there is.
beforeEach(async () => {
  store = await testDatabase({
    migrations: [
      { owner: 'outbox', dir: outboxMigrations },
      { owner: 'consumer', dir: consumerMigrations },
    ],
  });
  database = store.database;
  topics = new MemoryTopics();
  log = outboxLog(database);
  setPoisonous(true);
});
afterEach(async () => {
  await Promise.all(running.map((consumer) => consumer.stop()));
  running = [];
  await store.drop();
});

async function start(
  settings: Partial<ConsumerSettings> = {},
  more: { source?: MemorySource; database?: Database } = {},
): Promise<Consumer> {
  const consumer = createConsumer({
    definition: { service: 'spec', name, views: [rooms, members], effects: [] },
    database: more.database ?? database,
    source: more.source ?? new MemorySource(topics),
    log,
    logger: silentLogger,
    settings,
  });
  running.push(consumer);
  await consumer.start();
  await waitFor(() => consumer.status().phase === 'running', { withinMs: 8000, what: 'a start' });
  return consumer;
}

const said = (room: string, content = 'hello'): NewEvent =>
  newEvent('message_created', room, { message_id: room, sender_id: room, content });
const joined = (room: string, user = crypto.randomUUID()): NewEvent =>
  newEvent('member_added', room, { user_id: user });
const opened = (room: string): NewEvent =>
  newEvent('conversation_created', room, { kind: 'group', creator_id: room, name: 'here' });

function publish(events: readonly StoredEvent[]): void {
  for (const event of events) topics.publish(event);
}

async function roomOf(consumer: Consumer, id: string): Promise<Room | undefined> {
  const [row] = await consumer.read((views) =>
    views.query<Room>('SELECT * FROM room_view WHERE conversation_id = $1', [id]),
  );
  return row;
}

async function story(consumer: Consumer, id: string): Promise<readonly string[]> {
  return (await roomOf(consumer, id))?.story ?? [];
}

const inOrder = (events: readonly StoredEvent[]) =>
  events.map(({ eventType, aggregateVersion }) => `${eventType} ${aggregateVersion}`);

async function shows(
  consumer: Consumer,
  id: string,
  events: readonly StoredEvent[],
  withinMs = 8000,
) {
  await waitFor(
    async () => {
      expect(await story(consumer, id)).toEqual(inOrder(events));
      return true;
    },
    { withinMs, what: 'the view in order' },
  );
}

/** Waits until as many deliveries as these were handled, in whatever way, and nothing waits. */
const quiet = (consumer: Consumer, deliveries: number) =>
  waitFor(
    () => {
      const { appliedTotal, duplicateTotal, foreignTotal, lagEvents } = consumer.status();
      return appliedTotal + duplicateTotal + foreignTotal >= deliveries && lagEvents === 0;
    },
    { withinMs: 8000, what: 'no lag' },
  );

describe('createConsumer', () => {
  it('shows an event that is appended and published, without reading the log', async () => {
    const consumer = await start();
    const id = crypto.randomUUID();
    const events = await appendAll(database, [opened(id), joined(id), said(id)]);
    publish(events);
    await shows(consumer, id, events);
    await quiet(consumer, 3);
    expect(consumer.status()).toMatchObject({ phase: 'running', filledTotal: 0 });
    expect(log.reads.aggregates).toBe(0);
    expect(
      await consumer.stateOf({ aggregateType: 'conversation', aggregateId: id, version: 3n }),
    ).toMatchObject({ state: 'applied', appliedVersion: 3n });
  });

  it('applies records that come twice once', async () => {
    const consumer = await start();
    const id = crypto.randomUUID();
    const events = await appendAll(database, [opened(id), said(id), said(id)]);
    publish(events);
    await quiet(consumer, 3);
    publish([...events, ...events]);
    await quiet(consumer, 9);
    expect((await roomOf(consumer, id))?.messages).toBe(2);
    expect(consumer.status().duplicateTotal).toBeGreaterThan(0);
  });

  it('applies once what two members believe to be theirs at the same time', async () => {
    const one = await start();
    const other = await start();
    const ids = Array.from({ length: 5 }, () => crypto.randomUUID());
    const events = await appendAll(
      database,
      Array.from({ length: 300 }, (_, index) => said(ids[index % 5] ?? '')),
    );
    for (const event of events) {
      topics.publish(event);
      if (event.position.position % 20n === 0n) await new Promise((go) => setImmediate(go));
    }
    await quiet(one, events.length);
    await quiet(other, events.length);
    for (const id of ids) {
      const own = events.filter(({ aggregateId }) => aggregateId === id);
      expect(await story(one, id)).toEqual(inOrder(own));
    }
    expect(one.status().appliedTotal + other.status().appliedTotal).toBe(events.length);
    expect(one.status().parkedEvents).toBe(0);
  });

  it('waits for a late predecessor no longer than it must, then reads it from the log', async () => {
    const consumer = await start();
    const id = crypto.randomUUID();
    topics.stall(topicOf('conversation_created'));
    const events = await appendAll(database, [opened(id), said(id), said(id)]);
    publish(events);
    await shows(consumer, id, events);
    expect(consumer.status().filledTotal).toBe(1);
    const state = await consumer.stateOf({ aggregateType: 'conversation', aggregateId: id });
    expect(state).toMatchObject({ state: 'applied', filledFrom: 1n, filledTo: 1n });
    topics.letGo(topicOf('conversation_created'));
    await quiet(consumer, 4);
    expect(await story(consumer, id)).toEqual(inOrder(events));
  });

  it('goes on where it stopped, and where it was killed', async () => {
    const first = await start();
    const id = crypto.randomUUID();
    const events = await appendAll(database, [opened(id), said(id)]);
    publish(events);
    await shows(first, id, events);
    await first.stop();
    const later = await appendAll(database, [said(id), said(id)]);
    publish(later);
    // As after a kill between commit and offset: the stored offsets are behind the marks.
    await database.query('DELETE FROM consumer_offsets WHERE consumer = $1', [name]);
    const second = await start();
    await shows(second, id, [...events, ...later]);
    await quiet(second, 4);
    expect((await roomOf(second, id))?.messages).toBe(3);
    expect(second.status().appliedTotal).toBe(2);
  });

  it('parks only the aggregate whose event fails, and frees it in order once it is healed', async () => {
    const consumer = await start();
    const [ill, well] = [crypto.randomUUID(), crypto.randomUUID()];
    const events = await appendAll(database, [said(ill), said(ill, POISON), said(ill), said(well)]);
    publish(events);
    await shows(consumer, well, events.slice(3));
    await shows(consumer, ill, events.slice(0, 1));
    const illness = { aggregateType: 'conversation', aggregateId: ill };
    await waitFor(async () => (await consumer.stateOf(illness)).state === 'retrying', {
      withinMs: 8000,
      what: 'the failure',
    });
    expect(await consumer.stateOf(illness)).toMatchObject({ appliedVersion: 1n });
    const more = await appendAll(database, [said(ill), said(well)]);
    publish(more);
    await shows(consumer, well, [...events.slice(3), ...more.slice(1)]);
    expect(await story(consumer, ill)).toEqual(inOrder(events.slice(0, 1)));
    setPoisonous(false);
    // The third retry comes after up to 10 s.
    await shows(consumer, ill, [...events.slice(0, 3), ...more.slice(0, 1)], 20_000);
    const left = await database.query('SELECT 1 FROM parked_aggregates WHERE consumer = $1', [
      name,
    ]);
    expect(left).toEqual([]);
  }, 60_000);

  it('finds the one row that the database refuses, and parks its aggregate alone', async () => {
    const consumer = await start();
    const ids = Array.from({ length: 9 }, () => crypto.randomUUID());
    const bad = ids[4] ?? '';
    const events = await appendAll(
      database,
      ids.flatMap((id) => [said(id), said(id, id === bad ? UNSTORABLE : 'x'), said(id)]),
    );
    publish(events);
    for (const id of ids) {
      const own = events.filter(({ aggregateId }) => aggregateId === id);
      await shows(consumer, id, id === bad ? own.slice(0, 1) : own);
    }
    await waitFor(() => consumer.status().parkedEvents === 2, { withinMs: 5000, what: 'parking' });
  });

  it('parks for good after its retries', async () => {
    const consumer = await start();
    const id = crypto.randomUUID();
    publish(await appendAll(database, [said(id, POISON)]));
    await waitFor(() => consumer.status().retryingAggregates === 1, {
      withinMs: 5000,
      what: 'a retry',
    });
    const token = encodeToken([
      {
        aggregateType: 'conversation',
        aggregateId: id,
        ...(await log.getLog()).head,
        versions: { message_created: 1n },
      },
    ]);
    const inThree = () => consumer.waitFor(token, systemClock.monotonicMs() + 3000);
    const attempts = async () => {
      const [row] = await database.query<{ attempts: number }>(
        'SELECT attempts FROM parked_aggregates WHERE consumer = $1',
        [name],
      );
      return row?.attempts ?? 0;
    };
    await waitFor(async () => (await attempts()) >= 3, { withinMs: 60_000, what: 'two retries' });
    // The next attempt comes in ten seconds.
    expect(await inThree()).toBe('blocked');
    await waitFor(() => consumer.status().parkedAggregates === 1, {
      withinMs: 60_000,
      what: 'park',
    });
    expect(await attempts()).toBe(4);
    expect(await inThree()).toBe('blocked');
  }, 90_000);

  it('lets a query wait while what fails is tried again before its deadline', async () => {
    const consumer = await start();
    const id = crypto.randomUUID();
    publish(await appendAll(database, [said(id, POISON)]));
    await waitFor(
      async () =>
        (await database.query('SELECT 1 FROM parked_aggregates WHERE consumer = $1', [name]))
          .length === 1,
      { withinMs: 60_000, what: 'a failure' },
    );
    const versions = { message_created: 1n };
    const head = (await log.getLog()).head;
    const token = encodeToken([
      { aggregateType: 'conversation', aggregateId: id, ...head, versions },
    ]);
    const answer = consumer.waitFor(token, systemClock.monotonicMs() + 60_000);
    setPoisonous(false);
    expect(await answer).toBe('reached');
  }, 90_000);

  it('fills a new consumer from the log, although the topics have nothing any more', async () => {
    const [one, other] = [crypto.randomUUID(), crypto.randomUUID()];
    const many = Array.from({ length: 700 }, () => said(one));
    const events = await appendAll(database, [opened(one), ...many, opened(other)]);
    const consumer = await start();
    await shows(consumer, one, events.slice(0, -1));
    await shows(consumer, other, events.slice(-1));
    const next = await appendAll(database, [said(other)]);
    publish(next);
    await shows(consumer, other, [...events.slice(-1), ...next]);
  });

  it('reads a partition from its beginning when the stored offset holds another record', async () => {
    const first = await start();
    const id = crypto.randomUUID();
    const isBeside = (other: string) =>
      partitionOf(other, topics.partitions) === partitionOf(id, topics.partitions);
    const lost = Array.from({ length: 100 }, () => crypto.randomUUID()).find(isBeside) ?? '';
    const events = await appendAll(database, [said(id)]);
    publish(events);
    await shows(first, id, events);
    await first.stop();
    // The topics were made anew: another record has the place of the stored one.
    topics = new MemoryTopics();
    const others = await appendAll(database, [said(lost), said(id)]);
    publish([...others.slice(0, 1), ...others.slice(0, 1), ...events, ...others.slice(1)]);
    const second = await start();
    await shows(second, lost, others.slice(0, 1));
    await shows(second, id, [...events, ...others.slice(1)]);
  });

  it('sets foreign records aside, and goes on behind them', async () => {
    const consumer = await start();
    const id = crypto.randomUUID();
    for (let partition = 0; partition < topics.partitions; partition += 1) {
      const value = Buffer.from('{"hello":"\\u0000"}');
      topics.append(
        { topic: topicOf('message_created'), partition },
        { key: 'x', value, headers: {} },
      );
    }
    const events = await appendAll(database, [said(id)]);
    publish(events);
    await shows(consumer, id, events);
    await quiet(consumer, topics.partitions + 1);
    const rows = await database.query('SELECT 1 FROM foreign_records WHERE consumer = $1', [name]);
    expect(rows).toHaveLength(topics.partitions);
    expect(consumer.status().foreignTotal).toBe(topics.partitions);
  });

  it('finds what Kafka lost: the last record of many aggregates', async () => {
    const consumer = await start({ tailIntervalMs: 300, tailGraceMs: 100 });
    const ids = Array.from({ length: 30 }, () => crypto.randomUUID());
    const kept = await appendAll(
      database,
      ids.flatMap((id) => [opened(id), said(id)]),
    );
    publish(kept);
    await quiet(consumer, kept.length);
    const lost = await appendAll(
      database,
      ids.map((id) => said(id)),
    );
    await database.query(
      'UPDATE outbox_lanes SET position = (SELECT last_position FROM outbox_log)',
    );
    for (const id of ids) {
      const own = [...kept, ...lost].filter(({ aggregateId }) => aggregateId === id);
      await shows(consumer, id, own);
    }
    expect(consumer.status().filledTotal).toBe(ids.length);
  });

  it('rebuilds from the log alone what it had from Kafka', async () => {
    const consumer = await start();
    const ids = Array.from({ length: 10 }, () => crypto.randomUUID());
    const user = crypto.randomUUID();
    const events = await appendAll(
      database,
      ids.flatMap((id) => [
        opened(id),
        joined(id, user),
        said(id),
        newEvent('member_removed', id, { user_id: user }),
        joined(id),
      ]),
    );
    publish(events);
    await quiet(consumer, events.length);
    const dump = () =>
      consumer.read(async (views) => [
        await views.query('SELECT * FROM room_view ORDER BY conversation_id'),
        await views.query('SELECT * FROM member_view ORDER BY conversation_id, user_id'),
        await database.query(
          `SELECT p.aggregate_id, p.applied_version, p.epoch, p.position
           FROM consumer_progress AS p JOIN consumer_generations AS g USING (consumer, generation)
           WHERE p.consumer = $1 AND g.state = 'serving' ORDER BY p.aggregate_id`,
          [name],
        ),
      ]);
    const before = await dump();
    expect(await consumer.rebuild()).toBe(2);
    expect(await dump()).toEqual(before);
    const [id = ''] = ids;
    const next = await appendAll(database, [said(id)]);
    publish(next);
    await shows(consumer, id, [
      ...events.filter((e) => e.aggregateId === id && e.eventType !== 'member_removed'),
      ...next,
    ]);
    expect(consumer.status().generation).toBe(2);
  });

  it('waits for what a token names, and tells when it does not come', async () => {
    const consumer = await start();
    const id = crypto.randomUUID();
    const events = await appendAll(database, [said(id)]);
    const [event] = events;
    const token = (versions: Record<string, bigint>) =>
      encodeToken([
        {
          aggregateType: 'conversation',
          aggregateId: id,
          epoch: event?.position.epoch ?? '',
          position: event?.position.position ?? 0n,
          versions,
        },
      ]);
    const soon = () => systemClock.monotonicMs() + 300;
    expect(await consumer.waitFor(token({ message_created: 1n }), soon())).toBe('behind');
    expect(await consumer.waitFor(token({ message_read: 7n }), soon())).toBe('reached');
    expect(await consumer.waitFor('nonsense', soon())).toBe('lost');
    const waiting = consumer.waitFor(
      token({ message_created: 1n }),
      systemClock.monotonicMs() + 5000,
    );
    publish(events);
    expect(await waiting).toBe('reached');
  });

  it('goes on by itself when the log was away, and burns no attempt', async () => {
    const consumer = await start();
    const id = crypto.randomUUID();
    topics.stall(topicOf('conversation_created'));
    const events = await appendAll(database, [opened(id), said(id)]);
    log.isAway = true;
    publish(events);
    await waitFor(() => consumer.status().phase === 'paused', { withinMs: 5000, what: 'a pause' });
    log.isAway = false;
    await shows(consumer, id, events);
    expect(
      await database.query('SELECT 1 FROM parked_aggregates WHERE consumer = $1', [name]),
    ).toEqual([]);
  });

  /** Applies three events of two aggregates; then the log comes back without the last two. */
  async function loseTheEnd(consumer: Consumer) {
    const [changed, gone] = [crypto.randomUUID(), crypto.randomUUID()];
    const events = await appendAll(database, [said(changed), said(changed), said(gone)]);
    publish(events);
    await shows(consumer, changed, events.slice(0, 2));
    await shows(consumer, gone, events.slice(2));
    const kept = events[0]?.position.position;
    await database.query('DELETE FROM outbox_events WHERE position > $1', [kept]);
    await database.query('DELETE FROM outbox_aggregates WHERE aggregate_id = $1', [gone]);
    await database.query(
      `UPDATE outbox_aggregates SET version = 1, last_versions = '{"message_created":1}',
         type_counts = '{"message_created":1}' WHERE aggregate_id = $1`,
      [changed],
    );
    await rebase(database);
    return { changed, gone, events };
  }

  it('folds an aggregate anew when the log has lost what its mark counts as applied', async () => {
    const consumer = await start();
    const { changed, gone, events } = await loseTheEnd(consumer);
    const instead = await appendAll(database, [joined(changed)]);
    publish(instead);
    await shows(consumer, changed, [...events.slice(0, 1), ...instead]);
    // A record of the lost part comes late: it is dropped, nothing waits for it.
    const late = events
      .slice(2)
      .map((event) => ({ ...event, aggregateVersion: 2n, typeSequence: 2n }));
    publish(late);
    const next = await appendAll(database, [said(changed)]);
    publish(next);
    await shows(consumer, changed, [...events.slice(0, 1), ...instead, ...next]);
    await waitFor(async () => (await roomOf(consumer, gone)) === undefined, {
      withinMs: 8000,
      what: 'the row of lost events to go',
    });
  });

  it('sweeps what the log has lost after a new epoch, also where nothing more happens', async () => {
    const consumer = await start({ tailIntervalMs: 300, tailGraceMs: 100 });
    const { gone } = await loseTheEnd(consumer);
    await appendAll(database, [said(crypto.randomUUID())]);
    await waitFor(async () => (await roomOf(consumer, gone)) === undefined, {
      withinMs: 8000,
      what: 'the row of lost events to go',
    });
  });

  it('folds anew what its marks say of another log', async () => {
    const first = await start();
    const id = crypto.randomUUID();
    const events = await appendAll(database, [opened(id), said(id)]);
    publish(events);
    await shows(first, id, events);
    await first.stop();
    // As after the log was restored to a time before that epoch began.
    await database.query("UPDATE consumer_progress SET epoch = 'elsewhere', applied_version = 9");
    await database.query("UPDATE views_g1.room_view SET story = '[]', messages = 7");
    const second = await start();
    await shows(second, id, events);
    expect((await roomOf(second, id))?.messages).toBe(1);
  });

  it('makes its membership anew when there is lag and nothing moves', async () => {
    const source = new MemorySource(topics);
    const consumer = await start({ stallMs: 1000 }, { source });
    const id = crypto.randomUUID();
    topics.stall(topicOf('message_created'));
    const events = await appendAll(database, [said(id)]);
    publish(events);
    await waitFor(() => source.opened > 1, { withinMs: 8000, what: 'another membership' });
    topics.letGo(topicOf('message_created'));
    await shows(consumer, id, events);
  });

  it('refuses to start with other views, unless it may rebuild', async () => {
    const consumer = await start();
    await consumer.stop();
    const changed = (onDefinitionChange: 'refuse' | 'rebuild') =>
      createConsumer({
        definition: { service: 'spec', name, views: [rooms], effects: [] },
        database,
        source: new MemorySource(topics),
        log,
        logger: silentLogger,
        onDefinitionChange,
      });
    await expect(changed('refuse').start()).rejects.toMatchObject({
      code: 'NOVA_CONSUMER_DEFINITION_CHANGED',
    });
    const rebuilt = changed('rebuild');
    running.push(rebuilt);
    await rebuilt.start();
    expect(rebuilt.status().generation).toBe(2);
  });
});
