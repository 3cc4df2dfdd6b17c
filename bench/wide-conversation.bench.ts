/**
 * What a message costs in a conversation of 15,000 members, beside one in a group of two and one in
 * a direct conversation, in the same run: bursts of messages into each in turn, from the first call
 * until every message is in the views of messaging and search; and how long reading a page of the
 * history takes. The aim: a message into the wide one costs as much as one into either of the others,
 * 20 % more or less. The exit code is 1 where it is missed.
 *
 *   ./nova up --detach && . .nova/env && node bench/wide-conversation.bench.ts [members] [rounds]
 */
import { randomUUID } from 'node:crypto';
import type { Database } from '@nova/postgres';
import { PublishMode } from '@nova/proto/gen/events/event_pb';
import { EventsService } from '@nova/proto/gen/events/events_service_pb';
import { MessagingService } from '@nova/proto/gen/messaging/messaging_service_pb';
import { createClient } from '@nova/rpc';
import { sleep } from '@nova/time';
import { type Aim, isReached, judgement } from './aims.ts';
import { environment } from './environment.ts';
import { look, servingSchema } from './watch.ts';

const members = Number(process.argv[2] ?? 15_000);
const rounds = Number(process.argv[3] ?? 9);
const BATCH = 500;
const BURST = 1000;
const READS = 40;

interface Conversation {
  readonly name: string;
  readonly id: string;
  readonly speakers: readonly [string, string];
  said: number;
  readonly burstMs: number[];
  readonly readMs: number[];
}

const events = createClient(EventsService, {
  address: environment('NOVA_EVENTS_URL'),
  deadlineMs: 30_000,
});
const messaging = createClient(MessagingService, {
  address: environment('NOVA_MESSAGING_URL'),
  deadlineMs: 30_000,
});

async function publishAll(
  given: readonly { eventType: string; aggregateId: string; payload: Record<string, string> }[],
) {
  for (let first = 0; first < given.length; first += BATCH) {
    const batch = given.slice(first, first + BATCH);
    const { results } = await events.publishEvents({ events: batch, mode: PublishMode.EACH });
    const refused = results.filter(({ outcome }) => outcome.case !== 'event').length;
    if (refused > 0) throw new Error(`${refused} of ${batch.length} events were refused`);
  }
}

async function open(name: string, kind: string, count: number): Promise<Conversation> {
  const speakers = [randomUUID(), randomUUID()] as const;
  const payload = { kind, creator_id: speakers[0], member_ids: [speakers[1]] };
  const aggregateId = kind === 'group' ? randomUUID() : '';
  const { event } = await events.publishEvent({
    eventType: 'conversation_created',
    aggregateId,
    payload,
  });
  const id = event?.aggregateId ?? '';
  await publishAll(
    Array.from({ length: count - 2 }, () => ({
      eventType: 'member_added',
      aggregateId: id,
      payload: { user_id: randomUUID(), role: 'member' },
    })),
  );
  return { name, id, speakers, said: 0, burstMs: [], readMs: [] };
}

/** The views that are waited for. */
async function openViews() {
  const of = async (area: string) => {
    const url = environment(`NOVA_${area}_DATABASE_URL`);
    return look(url, await servingSchema(url));
  };
  return { messaging: await of('MESSAGING'), search: await of('SEARCH') };
}

async function untilCount(database: Database, sql: string, id: string, wanted: number) {
  for (let waited = 0; waited < 60_000; waited += 5) {
    const [row] = await database.query<{ count: bigint }>(sql, [id]);
    if (Number(row?.count ?? 0) >= wanted) return;
    await sleep(5);
  }
  throw new Error(`${wanted} rows did not come within a minute`);
}

async function burst(
  conversation: Conversation,
  views: Awaited<ReturnType<typeof openViews>>,
): Promise<void> {
  const { id, speakers } = conversation;
  const messages = Array.from({ length: BURST }, (_, n) => ({
    eventType: 'message_created',
    aggregateId: id,
    payload: {
      message_id: randomUUID(),
      sender_id: speakers[n % 2] ?? '',
      content: `message ${n} of a burst`,
    },
  }));
  conversation.said += BURST;
  const startedAt = performance.now();
  await publishAll(messages);
  // One row, not a count over all that was ever said.
  const messagingSql =
    'SELECT last_sequence AS count FROM conversation_view WHERE conversation_id = $1';
  await Promise.all([
    untilCount(views.messaging, messagingSql, id, conversation.said),
    untilCount(
      views.search,
      'SELECT count(*) FROM message_view WHERE conversation_id = $1::uuid',
      id,
      conversation.said,
    ),
  ]);
  conversation.burstMs.push(performance.now() - startedAt);
}

async function read(conversation: Conversation): Promise<void> {
  const { id, speakers } = conversation;
  for (let n = 0; n < READS; n += 1) {
    const startedAt = performance.now();
    await messaging.getMessageHistory({ conversationId: id, userId: speakers[n % 2] ?? '' });
    conversation.readMs.push(performance.now() - startedAt);
  }
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

const views = await openViews();
const conversations = [
  await open(`group of ${members}`, 'group', members),
  await open('group of 2', 'group', 2),
  await open('direct', 'direct', 2),
];
const [wide, ...others] = conversations;
if (wide === undefined) throw new TypeError('three conversations');
await untilCount(
  views.messaging,
  'SELECT count(*) FROM member_view WHERE conversation_id = $1 AND is_member',
  wide.id,
  members,
);
// The first round warms up and does not count.
for (let round = 0; round <= rounds; round += 1) {
  for (const conversation of conversations) {
    await burst(conversation, views);
    await read(conversation);
  }
  if (round > 0) continue;
  for (const { burstMs, readMs } of conversations) {
    burstMs.length = 0;
    readMs.length = 0;
  }
}
await Promise.all([views.messaging.close(), views.search.close()]);
events.close();
messaging.close();
for (const { name, burstMs, readMs } of conversations) {
  const each = (median(burstMs) / BURST) * 1000;
  process.stdout.write(
    `${name.padEnd(18)} ${each.toFixed(0)} µs per message until visible, ` +
      `${median(readMs).toFixed(1)} ms per page of history\n`,
  );
}
const aims = others.map(
  ({ name, burstMs }): Aim => ({
    name: `${wide.name} / ${name}`,
    measured: median(wide.burstMs) / median(burstMs),
    atLeast: 0.8,
    atMost: 1.2,
  }),
);
process.stdout.write(judgement(aims, 2));
process.exitCode = aims.every(isReached) ? 0 : 1;
