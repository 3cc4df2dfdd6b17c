/**
 * How long an event takes from being stored until each view shows it, with all services on; and, in
 * the same run, how long a record takes that the same Kafka client sends from memory to a consumer
 * of the same client, which inserts it into a table. A view shows an event from the commit of its row
 * on; when that was, PostgreSQL has noted (`track_commit_timestamp`). The ratio is what order,
 * once-only and all views together cost.
 *
 *   ./nova up --detach && . .nova/env && node bench/views-latency.bench.ts [events/s] [seconds]
 *
 * The load is open: each event has its time, whether the ones before it are answered or not. An
 * event is a message in one of 50 direct conversations. It begins with `stored_at`, which the log
 * gives just before the commit, and ends with the message (messaging, search) or with the notice that
 * follows from it by a second event (notification).
 *
 * The aims, for 200 events/s during 60 s: half of all within 50 ms (notification 100 ms), 99 % within
 * 500 ms. The exit code is 1 where one is missed or an event is.
 */
import { randomUUID } from 'node:crypto';
import { effectId } from '@nova/events';
import { openKafka } from '@nova/kafka';
import { EventsService } from '@nova/proto/gen/events/events_service_pb';
import { timestampDate } from '@nova/proto/runtime';
import { createClient } from '@nova/rpc';
import { silentLogger } from '@nova/telemetry';
import { type Aim, isReached, judgement } from './aims.ts';
import { environment } from './environment.ts';
import {
  atRate,
  COMMITTED_AT,
  committedTimes,
  look,
  nowMs,
  quantiles,
  quantilesText,
  servingSchema,
  type Times,
} from './watch.ts';

const rate = Number(process.argv[2] ?? 200);
const seconds = Number(process.argv[3] ?? 60);
/** Of a process that has just started much is not compiled yet. */
const WARM_SECONDS = 10;
/** Made for this run's comparison; no nova topic, so that nothing takes its records for foreign. */
const BARE_TOPIC = 'bench_bare_views';

const NOTICES = `SELECT notification_id AS key, ${COMMITTED_AT} AS at FROM notification_view
   WHERE notification_id = ANY ($1)`;
// Keys are `conversation message`; columns are of another type in each service.
const messagesBy = (type: 'text' | 'uuid') =>
  `SELECT conversation_id || ' ' || message_id AS key, ${COMMITTED_AT} AS at FROM message_view
   WHERE (conversation_id, message_id) IN (
     SELECT split_part(key, ' ', 1)::${type}, split_part(key, ' ', 2)::${type}
     FROM unnest($1::text[]) AS wanted (key))`;

const events = createClient(EventsService, {
  address: environment('NOVA_EVENTS_URL'),
  deadlineMs: 10_000,
});

async function openConversations(count: number) {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const [creator, other] = [randomUUID(), randomUUID()] as const;
      const payload = { kind: 'direct', creator_id: creator, member_ids: [other] };
      const { event } = await events.publishEvent({ eventType: 'conversation_created', payload });
      return { id: event?.aggregateId ?? '', users: [creator, other] as const };
    }),
  );
}

/** When a view of this service showed what has these keys. */
async function shown(area: string, find: string, keys: Iterable<string>): Promise<Times> {
  const url = environment(`NOVA_${area}_DATABASE_URL`);
  const database = look(url, await servingSchema(url));
  try {
    return await committedTimes(database, find, keys, 20_000);
  } finally {
    await database.close();
  }
}

async function nova() {
  const conversations = await openConversations(50);
  const stored: Times = new Map();
  const noticed: Times = new Map();
  const answered: Times = new Map();
  const publish = async (n: number, isCounted: boolean) => {
    const { id, users } = conversations[n % conversations.length] ?? { id: '', users: ['', ''] };
    const messageId = randomUUID();
    const key = `${id} ${messageId}`;
    const startedAt = nowMs();
    const { event } = await events.publishEvent({
      eventType: 'message_created',
      aggregateId: id,
      payload: { message_id: messageId, sender_id: users[n % 2] ?? '', content: `number ${n}` },
    });
    if (!isCounted || event?.storedAt === undefined) return;
    answered.set(key, nowMs() - startedAt);
    const at = timestampDate(event.storedAt).getTime() + (event.storedAt.nanos % 1e6) / 1e6;
    const noticeId = effectId('notification.views', event.eventId, `message:${users[(n + 1) % 2]}`);
    stored.set(key, at);
    noticed.set(noticeId, at);
  };
  // Every code path and connection is warm before the first that counts.
  await atRate(rate, rate * WARM_SECONDS, (n) => publish(n, false));
  await atRate(rate, rate * seconds, (n) => publish(n, true));
  const messaging = await shown('MESSAGING', messagesBy('text'), stored.keys());
  const search = await shown('SEARCH', messagesBy('uuid'), stored.keys());
  const notification = await shown('NOTIFICATION', NOTICES, noticed.keys());
  const zero: Times = new Map([...answered.keys()].map((key) => [key, 0]));
  return {
    answered: quantiles(zero, answered),
    messaging: quantiles(stored, messaging),
    search: quantiles(stored, search),
    notification: quantiles(noticed, notification),
  };
}

/** The same way without nova: no log, no order across topics, no marks, one table. */
async function bare(count: number) {
  const brokers = environment('NOVA_KAFKA_BROKERS').split(',');
  const kafka = openKafka({ brokers, clientId: 'bench', logger: silentLogger });
  await kafka.admin().ensureTopics([{ topic: BARE_TOPIC, partitions: 1 }]);
  const database = look(environment('NOVA_COMMUNITY_DATABASE_URL'));
  await database.query('CREATE TABLE IF NOT EXISTS bench_bare (key text PRIMARY KEY)');
  await database.query('TRUNCATE bench_bare');
  const place = { topic: BARE_TOPIC, partition: 0 };
  const source = await kafka.source().open({
    groupId: `bench.${randomUUID()}`,
    topics: [BARE_TOPIC],
    startAt: async () => new Map(),
    deliver: async ({ records }) => {
      await database.query(
        'INSERT INTO bench_bare SELECT unnest($1::text[]) ON CONFLICT DO NOTHING',
        [records.map(({ key }) => key)],
      );
    },
    revoked: () => {},
  });
  const find = `SELECT key, ${COMMITTED_AT} AS at FROM bench_bare WHERE key = ANY ($1)`;
  const publisher = kafka.publisher();
  await publisher.start();
  const sent: Times = new Map();
  const send = (key: string) => {
    const records = [{ key, value: Buffer.from('{}'), headers: {} }];
    return publisher.publish({ ...place, records });
  };
  // The group has been joined when a record arrives.
  const first = randomUUID();
  await send(first);
  await committedTimes(database, find, [first], 60_000);
  await atRate(rate, count, (_) => {
    const key = randomUUID();
    sent.set(key, nowMs());
    return send(key);
  });
  const arrived = await committedTimes(database, find, sent.keys(), 10_000);
  await publisher.stop();
  await source.stop();
  await kafka.admin().close();
  await database.query('DROP TABLE bench_bare');
  await database.close();
  return quantiles(sent, arrived);
}

/** Of a view, in milliseconds. */
function aimsOf(view: string, { p50, p99 }: { p50: number; p99: number }, p50Aim: number): Aim[] {
  return [
    { name: `${view} p50 ms`, measured: p50, atMost: p50Aim },
    { name: `${view} p99 ms`, measured: p99, atMost: 500 },
  ];
}

const direct = await bare(rate * Math.min(10, seconds));
const measured = await nova();
events.close();
const ratio = (one: { p50: number }) => (one.p50 / direct.p50).toFixed(1);
process.stdout.write(`${rate} events/s for ${seconds} s, all services on
PublishEvent answered:            ${quantilesText(measured.answered)}
sent from memory, into a table:   ${quantilesText(direct)}
stored to messaging:              ${quantilesText(measured.messaging)}  (x${ratio(measured.messaging)})
stored to search:                 ${quantilesText(measured.search)}  (x${ratio(measured.search)})
stored to notification, two hops: ${quantilesText(measured.notification)}  (x${ratio(measured.notification)})
`);
const { messaging, search, notification } = measured;
const aims = [
  ...aimsOf('messaging', messaging, 50),
  ...aimsOf('search', search, 50),
  ...aimsOf('notification', notification, 100),
];
process.stdout.write(judgement(aims, 1));
const missing = messaging.missing + search.missing + notification.missing + direct.missing;
if (missing > 0) process.stdout.write(`${missing} events were not seen\n`);
process.exitCode = missing === 0 && aims.every(isReached) ? 0 : 1;
