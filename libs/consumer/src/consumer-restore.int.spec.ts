import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { StoredEvent } from '@nova/events';
import { logHead, type NewEvent, noticeIncarnation, outboxMigrations } from '@nova/outbox';
import { silentLogger } from '@nova/telemetry';
import { type TestDatabase, testDatabase, waitFor } from '@nova/testkit';
import { deliveryOf } from './delivery.ts';
import {
  type Consumer,
  type ConsumerSettings,
  consumerMigrations,
  createConsumer,
} from './index.ts';
import { judgeRound } from './judge-round.ts';
import { KnownEpochs } from './known-epochs.ts';
import { ParkingRoom } from './parking/parking-room.ts';
import { roundOf } from './round.ts';
import { consumerDefaults } from './settings.ts';
import { appendAll, newEvent, outboxLog } from './testing/outbox-log.rig.spec.ts';
import { members, POISON, type Room, rooms, setPoisonous } from './testing/rooms.ts';
import { MemorySource, MemoryTopics } from './testing.ts';

let logStore: TestDatabase;
let viewStore: TestDatabase;
let topics: MemoryTopics;
let running: Consumer[] = [];

// The log is in a database of its own: it alone is put back to an earlier state.
beforeEach(async () => {
  logStore = await testDatabase({ migrations: [{ owner: 'outbox', dir: outboxMigrations }] });
  viewStore = await testDatabase({ migrations: [{ owner: 'consumer', dir: consumerMigrations }] });
  topics = new MemoryTopics();
  setPoisonous(true);
});
afterEach(async () => {
  await Promise.all(running.map((consumer) => consumer.stop()));
  running = [];
  await logStore.drop();
  await viewStore.drop();
});

async function start(settings: Partial<ConsumerSettings> = {}): Promise<Consumer> {
  const consumer = createConsumer({
    definition: { service: 'spec', name: 'views', views: [rooms, members], effects: [] },
    database: viewStore.database,
    source: new MemorySource(topics),
    log: outboxLog(logStore.database),
    logger: silentLogger,
    settings: { tailIntervalMs: 300, tailGraceMs: 60_000, ...settings },
  });
  running.push(consumer);
  await consumer.start();
  await waitFor(() => consumer.status().phase === 'running', { withinMs: 8000, what: 'a start' });
  return consumer;
}

const said = (room: string, content = 'hello'): NewEvent =>
  newEvent('message_created', room, { message_id: room, sender_id: room, content });
const joined = (room: string): NewEvent =>
  newEvent('member_added', room, { user_id: crypto.randomUUID() });
const opened = (room: string): NewEvent =>
  newEvent('conversation_created', room, { kind: 'group', creator_id: room, name: 'here' });

/** Appends and publishes; connections that a restore has ended are made anew. */
async function publish(...events: NewEvent[]): Promise<StoredEvent[]> {
  await waitFor(
    () =>
      logStore.database.ping().then(
        () => true,
        () => false,
      ),
    {
      withinMs: 5000,
      what: 'the log',
    },
  );
  const stored = await appendAll(logStore.database, events);
  for (const event of stored) topics.publish(event);
  return stored;
}

/** All rows, each with the order in which its events were applied. */
async function shows(consumer: Consumer, events: readonly StoredEvent[]): Promise<void> {
  const wanted = [...Map.groupBy(events, ({ aggregateId }) => aggregateId)]
    .map(([id, own]) => [id, own.map((one) => `${one.eventType} ${one.aggregateVersion}`)])
    .sort();
  await waitFor(
    async () => {
      const rows = await consumer.read((views) => views.query<Room>('SELECT * FROM room_view'));
      const found = rows.map(({ conversation_id: id, story }) => [id, story]).sort();
      expect(found).toEqual(wanted);
      return true;
    },
    { withinMs: 10_000, what: 'exactly the rows of the log' },
  );
}

describe('views over a log that was restored', () => {
  it('are the fold of the restored log, although others were appended before anyone looked', async () => {
    const [changed = '', gone = '', untouched = ''] = [1, 2, 3].map(() => crypto.randomUUID());
    const first = await start();
    const kept = await publish(opened(changed), said(changed), opened(untouched));
    await shows(first, kept);
    const backup = await logStore.backUp();
    const lost = await publish(said(changed), said(gone), said(gone), said(changed));
    await shows(first, [...kept, ...lost]);
    await first.stop();
    await backup.restore();
    const other = crypto.randomUUID();
    // As many as were lost and more, at the same positions and versions.
    const instead = await publish(
      opened(other),
      said(changed),
      said(other),
      said(changed),
      said(other),
    );
    const second = await start();
    await shows(second, [...kept, ...instead]);
    await shows(second, [...kept, ...instead, ...(await publish(said(changed), said(gone)))]);
  }, 40_000);

  it('lose what the log has lost also where nothing is appended any more', async () => {
    const [kept, gone] = [crypto.randomUUID(), crypto.randomUUID()];
    const consumer = await start();
    const events = await publish(said(kept));
    await shows(consumer, events);
    const backup = await logStore.backUp();
    await shows(consumer, [...events, ...(await publish(said(gone), said(kept)))]);
    await backup.restore();
    await waitFor(
      () =>
        noticeIncarnation(logStore.database).then(
          () => true,
          () => false,
        ),
      {
        withinMs: 5000,
        what: 'the log to notice',
      },
    );
    await shows(consumer, events);
  }, 40_000);

  it('follow a log that went back behind a restart, and has as many epochs as before', async () => {
    const [kept, gone] = [crypto.randomUUID(), crypto.randomUUID()];
    const consumer = await start();
    const events = await publish(said(kept));
    const backup = await logStore.backUp();
    // Another epoch, as after a restart; it is lost as a whole.
    await logStore.database.query("UPDATE outbox_log_state SET incarnation = 'before the restart'");
    const more = await publish(said(gone), said(kept));
    await shows(consumer, [...events, ...more]);
    const { epochs } = await logHead(logStore.database);
    await backup.restore();
    const instead = await publish(said(crypto.randomUUID()));
    expect((await logHead(logStore.database)).epochs).toHaveLength(epochs.length);
    await shows(consumer, [...events, ...instead]);
  }, 40_000);

  it('do not wait for an event that failed and is lost, nor for one that a lost one came before', async () => {
    const [ill, late] = [crypto.randomUUID(), crypto.randomUUID()];
    const consumer = await start({ holdMs: 60_000 });
    const events = await publish(said(ill));
    await shows(consumer, events);
    const backup = await logStore.backUp();
    await publish(said(ill, POISON), said(ill));
    await waitFor(
      async () => {
        // Its last attempt, instead of waiting for all of them.
        await viewStore.database.query(
          "UPDATE parked_aggregates SET attempts = 9, next_attempt_at = '-infinity'",
        );
        return consumer.status().parkedAggregates === 1;
      },
      { withinMs: 10_000, what: 'a failure for good' },
    );
    // Its predecessor never reaches the topics: it is held.
    const [, held] = await appendAll(logStore.database, [opened(late), joined(late)]);
    if (held !== undefined) topics.publish(held);
    await backup.restore();
    const instead = await publish(said(ill), said(late));
    await shows(consumer, [...events, ...instead]);
    await waitFor(
      () => {
        const { parkedEvents, parkedAggregates, retryingAggregates } = consumer.status();
        return parkedEvents + parkedAggregates + retryingAggregates === 0;
      },
      { withinMs: 10_000, what: 'nothing to be parked' },
    );
  }, 40_000);
});

describe('a round that has waited while the log was restored', () => {
  it('drops what it has of a lost epoch, and keeps what is of none that it knows', async () => {
    const id = crypto.randomUUID();
    const [first, , third] = await appendAll(logStore.database, [said(id), said(id), said(id)]);
    if (first === undefined || third === undefined) throw new Error('nothing was appended');
    const epochs = new KnownEpochs();
    const { epoch } = first.position;
    epochs.learn({
      epochs: [
        { epoch, firstPosition: 1n },
        { epoch: 'after the restore', firstPosition: 3n },
      ],
    });
    const unknown = { ...third, position: { epoch: 'not told of yet', position: 9n } };
    const [kept, lost, next] = [first, third, unknown].map((event) => deliveryOf(event));
    if (kept === undefined || lost === undefined || next === undefined) throw new Error('none');
    const generation = {
      consumer: 'views',
      generation: 1,
      schema: 'views_g1',
      tables: [],
      eventTypes: new Map([['message_created', 0n]]),
      effectsFrom: { epoch: '', position: 0n },
    };
    const judged = await viewStore.database.transaction((tx) =>
      judgeRound(
        { generation, epochs, room: new ParkingRoom(consumerDefaults) },
        tx,
        roundOf(new Map([[kept.aggregate, [kept, lost, next]]])),
      ),
    );
    expect(judged.duplicates).toEqual([lost]);
    const [share] = judged.shares;
    expect([...(share?.toApply ?? []), ...judged.held.flatMap((one) => one.deliveries)]).toEqual([
      kept,
      next,
    ]);
  });
});
