import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type StoredEvent, topicOf } from '@nova/events';
import { deleteRecords } from '@nova/kafka/testing';
import { startRepublish } from '@nova/outbox';
import { metricNames, metricsText, silentLogger } from '@nova/telemetry';
import { randomName, stopwatch, waitFor } from '@nova/testkit';
import { type Consumer, type ConsumerSettings, createConsumer, type LogReader } from './index.ts';
import { kafkaStack } from './testing/kafka-stack.rig.spec.ts';
import { Notices, notice } from './testing/notices.rig.spec.ts';
import { newEvent, type OutboxLog, outboxLog } from './testing/outbox-log.rig.spec.ts';
import { members, POISON, type Room, rooms, setPoisonous } from './testing/rooms.ts';

let stack: Awaited<ReturnType<typeof kafkaStack>>;
let log: OutboxLog;
let notices: Notices;
let running: Consumer[] = [];
let name = 'views';

beforeAll(async () => {
  stack = await kafkaStack();
}, 60_000);
afterAll(() => stack.remove());
beforeEach(() => {
  name = randomName('views');
  log = outboxLog(stack.database);
  notices = new Notices();
  setPoisonous(true);
});
afterEach(async () => {
  await Promise.all(running.map((consumer) => consumer.stop()));
  running = [];
});

async function start(
  settings: Partial<ConsumerSettings> = {},
  reader: LogReader = log,
): Promise<Consumer> {
  const consumer = createConsumer({
    definition: { service: 'spec', name, views: [rooms, members], effects: [notice] },
    database: stack.database,
    source: stack.kafka.source(),
    log: reader,
    appender: notices,
    logger: silentLogger,
    settings,
  });
  running.push(consumer);
  await consumer.start();
  await isRunning(consumer);
  return consumer;
}

const isRunning = (consumer: Consumer) =>
  waitFor(() => consumer.status().phase === 'running' && consumer.status().lagEvents === 0, {
    withinMs: 20_000,
    what: 'a start',
  });
const someIds = (count: number) => Array.from({ length: count }, () => crypto.randomUUID());
const said = (room: string, content = 'hello') =>
  newEvent('message_created', room, {
    message_id: room,
    sender_id: room,
    recipient_id: room,
    content,
  });
const joined = (room: string) => newEvent('member_added', room, { user_id: crypto.randomUUID() });
const opened = (room: string) =>
  newEvent('conversation_created', room, { kind: 'group', creator_id: room, name: 'here' });

const inOrder = (events: readonly StoredEvent[]) =>
  events.map(({ eventType, aggregateVersion }) => `${eventType} ${aggregateVersion}`);

/** What each room must show of these events, folded here and not by the consumer. */
function expected(events: readonly StoredEvent[]): ReadonlyMap<string, readonly string[]> {
  const ids = new Set(events.map(({ aggregateId }) => aggregateId));
  return new Map(
    [...ids].map((id) => [id, inOrder(events.filter(({ aggregateId }) => aggregateId === id))]),
  );
}

async function stories(consumer: Consumer, ids: Iterable<string>) {
  const rows = await consumer.read((views) =>
    views.query<Room>('SELECT * FROM room_view WHERE conversation_id = ANY ($1::text[])', [
      [...ids],
    ]),
  );
  return new Map(rows.map(({ conversation_id: id, story }) => [id, story]));
}

async function shows(consumer: Consumer, events: readonly StoredEvent[], withinMs = 10_000) {
  const wanted = expected(events);
  await waitFor(
    async () => {
      expect(await stories(consumer, wanted.keys())).toEqual(wanted);
      return true;
    },
    { withinMs, what: 'the view in order' },
  );
}

const dumpOf = (consumer: Consumer) =>
  consumer.read(async (views) => ({
    rooms: await views.query('SELECT * FROM room_view ORDER BY conversation_id'),
    members: await views.query('SELECT * FROM member_view ORDER BY conversation_id, user_id'),
    marks: await views.query(
      `SELECT p.aggregate_id, p.applied_version, p.epoch, p.position
       FROM consumer_progress AS p JOIN consumer_generations AS g USING (consumer, generation)
       WHERE p.consumer = $1 AND g.state = 'serving' ORDER BY p.aggregate_id`,
      [name],
    ),
  }));

describe('events of one aggregate in two topics', () => {
  it('are shown in order when the second is there long before the first', async () => {
    const consumer = await start();
    const [id = ''] = someIds(1);
    const letGo = stack.withhold(topicOf('conversation_created'));
    const events = await stack.append([opened(id), said(id), said(id)]);
    await shows(consumer, events);
    const state = await consumer.stateOf({
      aggregateType: 'conversation',
      aggregateId: id,
      version: 1n,
    });
    expect(state).toMatchObject({ state: 'applied', filledFrom: 1n, filledTo: 1n });
    expect(Date.parse(state.filledAt ?? '')).toBeGreaterThan(Date.parse(events[0]?.storedAt ?? ''));
    expect(await metricsText()).toMatch(
      new RegExp(`${metricNames.filledEvents}\\{[^}]*nova\\.spec\\.${name}"[^}]*\\} 1\\n`),
    );
    letGo();
    await waitFor(() => consumer.status().duplicateTotal === 1, {
      withinMs: 10_000,
      what: 'the first, at last',
    });
    await shows(consumer, events);
    await isRunning(consumer);
    expect(consumer.status().filledTotal).toBe(1);
  });
});

describe('the last records of 100 aggregates', () => {
  it('are filled from the log when the broker has lost them', async () => {
    const ids = someIds(100);
    const first = await start();
    const kept = await stack.append(ids.flatMap((id) => [opened(id), said(id)]));
    await shows(first, kept);
    await first.stop();
    const lost = await stack.append(ids.map((id) => said(id)));
    await stack.published();
    expect(await deleteRecords(stack.brokers, topicOf('message_created'))).toBeGreaterThan(100);
    const second = await start({ tailIntervalMs: 400, tailGraceMs: 300 });
    await shows(second, [...kept, ...lost]);
    await isRunning(second);
    expect(second.status()).toMatchObject({ filledTotal: 100, appliedTotal: 100 });
    for (const aggregateId of ids) {
      const state = await second.stateOf({ aggregateType: 'conversation', aggregateId });
      expect(state).toMatchObject({ filledFrom: 3n, filledTo: 3n, filledAt: expect.any(String) });
    }
    // What comes after the hole is read from Kafka again.
    const next = await stack.append(ids.map((id) => said(id)));
    await shows(second, [...kept, ...lost, ...next]);
    expect(second.status().filledTotal).toBe(100);
  });
});

describe('a topic that has lost its data', () => {
  it('changes no view when it is republished from the log', async () => {
    const ids = someIds(50);
    const consumer = await start();
    const events = await stack.append(ids.flatMap((id) => [opened(id), said(id), said(id)]));
    await shows(consumer, events);
    await stack.published();
    await isRunning(consumer);
    const before = await dumpOf(consumer);
    const { appliedTotal } = consumer.status();
    for (const type of ['conversation_created', 'message_created']) {
      expect(await deleteRecords(stack.brokers, topicOf(type))).toBeGreaterThanOrEqual(50);
    }
    const positions = events.map(({ position }) => position.position);
    await startRepublish(stack.database, {
      from: positions[0] ?? 0n,
      to: positions.at(-1) ?? 0n,
      eventTypes: [],
      eventsPerSecond: 0,
      reason: 'spec',
      requestedBy: 'spec',
      events: BigInt(events.length),
    });
    await waitFor(() => consumer.status().duplicateTotal >= events.length, {
      withinMs: 20_000,
      what: 'all of them once more',
    });
    await isRunning(consumer);
    expect(consumer.status()).toMatchObject({ appliedTotal, foreignTotal: 0, parkedAggregates: 0 });
    expect(await dumpOf(consumer)).toEqual(before);
  });
});

describe('an event whose handler always throws', () => {
  it('parks its aggregate; its later events wait in order and all others flow', async () => {
    const consumer = await start();
    const [ill = '', ...well] = someIds(4);
    const before = await stack.append([
      said(ill),
      said(ill, POISON),
      ...well.map((id) => said(id)),
    ]);
    const healthy = before.filter(({ aggregateId }) => aggregateId !== ill);
    await waitFor(() => consumer.status().retryingAggregates === 1, {
      withinMs: 5000,
      what: 'a retry',
    });
    const reads = log.reads.aggregates;
    const watch = stopwatch();
    while (consumer.status().parkedAggregates === 0) {
      const more = await stack.append([said(ill), ...well.map((id) => said(id))]);
      healthy.push(...more.slice(1));
      // Each round is shown before the next is appended: nothing waits for the ill one, which is
      // tried for the last time after 8 s at least.
      await shows(consumer, healthy, 6000);
      if (watch.ms() > 60_000) throw new Error('it was not parked');
    }
    // `shows` waits for the healthy ones only: the ill one's last record has its own partition.
    await isRunning(consumer);
    expect(consumer.status()).toMatchObject({
      parkedAggregates: 1,
      retryingAggregates: 0,
      filledTotal: 0,
    });
    // Only the retries have read the log.
    expect(log.reads.aggregates - reads).toBeLessThanOrEqual(3);
    expect(
      await consumer.stateOf({ aggregateType: 'conversation', aggregateId: ill }),
    ).toMatchObject({ state: 'parked', appliedVersion: 1n, attempts: 4 });
    const queued = await stack.database.query<{ version: bigint }>(
      `SELECT aggregate_version AS version FROM parked_events WHERE consumer = $1
       ORDER BY aggregate_version`,
      [name],
    );
    expect(queued.map(({ version }) => Number(version))).toEqual(
      Array.from({ length: queued.length }, (_, index) => index + 2),
    );
    expect(queued.length).toBe(healthy.length / well.length);
  }, 90_000);
});

describe('a rebuild', () => {
  it('makes the same views from the log alone, and no effect again', async () => {
    const consumer = await start();
    const ids = someIds(20);
    const events = await stack.append(ids.flatMap((id) => [opened(id), joined(id), said(id)]));
    await shows(consumer, events);
    await waitFor(() => notices.given.length === ids.length, { withinMs: 5000, what: 'notices' });
    const before = await dumpOf(consumer);
    expect(await consumer.rebuild()).toBe(2);
    expect(await dumpOf(consumer)).toEqual(before);
    await isRunning(consumer);
    const next = await stack.append(ids.map((id) => said(id)));
    await shows(consumer, [...events, ...next]);
    await waitFor(() => notices.given.length >= 2 * ids.length, {
      withinMs: 5000,
      what: 'notices',
    });
    expect(new Set(notices.given.map(({ eventId }) => eventId)).size).toBe(notices.given.length);
    expect(notices.given).toHaveLength(2 * ids.length);
  });

  it('loses nothing that another member applies meanwhile, and takes it along', async () => {
    const ids = someIds(16);
    const all: StoredEvent[] = [];
    let onHead = async () => {};
    const reader: LogReader = {
      ...log,
      async *readLog(range) {
        yield* log.readLog(range);
        await onHead();
      },
    };
    const one = await start({}, reader);
    const other = await start();
    await waitFor(() => one.status().assignedPartitions === other.status().assignedPartitions, {
      withinMs: 20_000,
      what: 'both to have partitions',
    });
    all.push(...(await stack.append(ids.flatMap((id) => [opened(id), said(id)]))));
    await shows(other, all);
    let passes = 0;
    onHead = async () => {
      passes += 1;
      if (passes < 2) return;
      // The new generation has read the log to its head; the old one still serves and moves on.
      const before = other.status().appliedTotal;
      all.push(...(await stack.append(ids.map((id) => said(id)))));
      await waitFor(() => other.status().appliedTotal > before && other.status().lagEvents === 0, {
        withinMs: 10_000,
        what: 'the other member to apply more',
      });
    };
    expect(await one.rebuild()).toBe(2);
    onHead = async () => {};
    // It does not know yet; its reads do not fail for that.
    expect((await stories(other, ids)).size).toBe(ids.length);
    await shows(other, all, 20_000);
    expect(other.status().generation).toBe(2);
    for (const consumer of [one, other]) await isRunning(consumer);
    all.push(...(await stack.append(ids.flatMap((id) => [joined(id), said(id)]))));
    await shows(one, all, 20_000);
    const dump = await dumpOf(one);
    expect(await dumpOf(other)).toEqual(dump);
    expect(await one.rebuild()).toBe(3);
    expect(await dumpOf(one)).toEqual(dump);
    const messages = all.filter(({ eventType }) => eventType === 'message_created');
    await waitFor(() => notices.given.length >= messages.length, {
      withinMs: 5000,
      what: 'notices',
    });
    expect(notices.given).toHaveLength(messages.length);
    expect(new Set(notices.given.map(({ eventId }) => eventId)).size).toBe(messages.length);
  }, 90_000);
});
