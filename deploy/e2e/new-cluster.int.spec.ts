import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EventsService } from '@nova/proto/gen/events/events_service_pb';
import { type Client, createClient } from '@nova/rpc';
import {
  type PrivatePostgres,
  privatePostgres,
  type TestProcess,
  type TestService,
  type TestStack,
  testKafka,
  testStack,
  waitFor,
} from '@nova/testkit';
import { dump, systemIdentifier } from './dump.ts';
import { Subscriber } from './subscriber.ts';
import { inversions, psql, topicRecords } from './witness.ts';

const WITHIN_MS = 60_000;
const SUBSCRIPTION = `dump-${crypto.randomUUID()}`;

let server: PrivatePostgres;
let stack: TestStack;
let messaging: TestService;
let process: TestProcess;
let events: Client<typeof EventsService>;
let subscriber: Subscriber;

beforeAll(async () => {
  server = await privatePostgres();
  stack = await testStack({}, server);
  messaging = await stack.service('messaging');
  process = await messaging.start();
  events = createClient(EventsService, { address: stack.log.address, deadlineMs: 5000 });
  await events.createSubscription({ name: SUBSCRIPTION, from: { case: 'beginning', value: true } });
  subscriber = new Subscriber(events, SUBSCRIPTION);
}, 180_000);
afterAll(async () => {
  await subscriber?.stop();
  events?.close();
  await stack?.remove();
  await server?.remove();
}, 60_000);

const conversations = (count: number) => Array.from({ length: count }, () => crypto.randomUUID());

/** Publishes one message to each conversation, as often as it takes; answers with their ids. */
async function say(to: readonly string[]): Promise<string[]> {
  const given = to.map((aggregateId) => ({
    eventId: crypto.randomUUID(),
    eventType: 'message_created',
    aggregateId,
    payload: { message_id: crypto.randomUUID(), sender_id: aggregateId, content: 'hello' },
  }));
  await waitFor(
    () =>
      events.publishEvents({ events: given }).then(
        () => true,
        () => false,
      ),
    { withinMs: WITHIN_MS, what: 'the log to take events' },
  );
  return given.map(({ eventId }) => eventId);
}

/** The view is the log, and the subscriber was told of all of it. */
async function allShowTheLog(what: string): Promise<void> {
  const view = `SELECT conversation_id, message_id, sequence, version FROM views_g1.message_view`;
  const log = `SELECT aggregate_id, convert_from(payload, 'UTF8')::json ->> 'message_id',
                      type_sequence, aggregate_version
               FROM outbox_events WHERE event_type = 'message_created'`;
  const lines = async (url: string, query: string) =>
    (await psql(url, query)).map((row) => row.join(' ')).sort();
  const ids = (await psql(stack.database.url, 'SELECT event_id FROM outbox_events')).flat();
  await waitFor(
    async () => {
      const shown = await lines(messaging.database.url, view);
      expect(shown).toEqual(await lines(stack.database.url, log));
      expect(ids.filter((id) => !subscriber.told.has(id))).toEqual([]);
      return true;
    },
    { withinMs: WITHIN_MS, what },
  );
}

/** First occurrences of the log's events are in Kafka, in order. */
async function topicHasTheLog(): Promise<void> {
  const { brokers } = await testKafka();
  const logged = (await psql(stack.database.url, 'SELECT event_id FROM outbox_events')).flat();
  const ours = new Set(logged);
  await waitFor(
    async () => {
      const records = await topicRecords(brokers.join(','), 'nova_events_message_created');
      const there = new Set(records.map(({ eventId }) => eventId));
      expect(logged.filter((id) => !there.has(id))).toEqual([]);
      expect(inversions(records.filter(({ eventId }) => ours.has(eventId)))).toEqual([]);
      return true;
    },
    { withinMs: WITHIN_MS, what: 'the restored log in the topic' },
  );
}

const epochs = async () =>
  Number((await psql(stack.database.url, 'SELECT count(*) FROM outbox_epochs')).flat()[0]);

function on(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${database}`;
  return changed.href;
}

/** Ends the server for good and starts a new cluster in its place, with what was dumped. */
async function restoreInNewCluster(saved: Awaited<ReturnType<typeof dump>>): Promise<void> {
  const { pathname, port, username } = new URL(stack.database.url);
  const name = pathname.slice(1);
  const end = (await psql(stack.database.url, 'SELECT partition_end FROM outbox_log')).flat()[0];
  await server.remove();
  server = await privatePostgres({ port: Number(port) });
  // Under another name until it is whole: services that run on find no database in the meantime.
  await psql(server.adminUrl, `CREATE DATABASE restored OWNER ${username}`);
  await stack.migrateLog(on(server.url, 'restored'));
  await psql(on(server.url, 'restored'), `SELECT outbox_ensure_partitions(${end} - 1)`);
  await saved.restore(on(server.adminUrl, 'restored'));
  await psql(server.adminUrl, `ALTER DATABASE restored RENAME TO ${name}`);
}

describe('a log that is dumped and restored into a new cluster', () => {
  it('is what relay, views and subscriptions go on from, beyond which they were', async () => {
    const old = conversations(20);
    await say(old);
    await say(old);
    await allShowTheLog('what will be dumped');
    const saved = await dump(stack.database.url);
    const lost = await say([...old.slice(0, 10), ...conversations(10)]);
    await allShowTheLog('what will be lost');
    const [before, epochsBefore] = [await systemIdentifier(server.adminUrl), await epochs()];
    await restoreInNewCluster(saved);
    saved.remove();
    expect(await systemIdentifier(server.adminUrl)).not.toBe(before);
    // At the positions of what was lost, and beyond.
    await say([...conversations(15), ...old.slice(5, 20)]);
    await allShowTheLog('the fold of the restored log');
    await topicHasTheLog();
    const logged = (await psql(stack.database.url, 'SELECT event_id FROM outbox_events')).flat();
    expect(logged).toHaveLength(70);
    expect(logged.filter((id) => lost.includes(id))).toEqual([]);
    expect(await epochs()).toBeGreaterThan(epochsBefore);
    expect(stack.relay.output()).toContain('log has lost its end');
    expect(process.output()).toContain('log has lost what views show');
    await say(old);
    await allShowTheLog('what came after');
    await topicHasTheLog();
  }, 400_000);
});
