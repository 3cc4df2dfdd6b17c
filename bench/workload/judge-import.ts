import { createHash } from 'node:crypto';
import { topicOf } from '@nova/events';
import { openKafka } from '@nova/kafka';
import type { Database } from '@nova/postgres';
import { silentLogger } from '@nova/telemetry';
import type { BenchServers } from '../harness/servers.ts';
import type { CountedLog } from './irc-logs.ts';
import { readTopics } from './read-topics.ts';

/** The databases of the services that keep views. */
export interface ImportViews {
  readonly messaging: Database;
  readonly notification: Database;
  readonly search: Database;
}

/** By conversation what was found of it. */
type Found = ReadonlyMap<string, string>;

const COUNT = 'SELECT conversation_id, count(*)::text AS found FROM';
const MEMBERS = `
  SELECT conversation_id, md5(string_agg(user_id, ',' ORDER BY user_id COLLATE "C")) AS found FROM`;
const SERVING =
  "SELECT generation FROM consumer_generations WHERE consumer = 'views' AND state = 'serving'";

/**
 * What is wrong with the topic of messages and with the views after an import; undefined: every
 * conversation has the messages, mentions and members that its file has, and its messages are in the
 * topic once and in order.
 */
export async function wrongInImport(
  { kafka }: Pick<BenchServers, 'kafka'>,
  { messaging, notification, search }: ImportViews,
  logs: readonly CountedLog[],
): Promise<string | undefined> {
  const topic = await countTopic(kafka.brokers);
  const messages = (log: CountedLog) => String(log.messages);
  const mentions = (log: CountedLog) => String(log.mentions);
  const found = {
    'messages in Kafka': differing(logs, topic.counts, messages),
    'messages in messaging': differing(
      logs,
      await rows(messaging, COUNT, 'message_view'),
      messages,
    ),
    'messages in search': differing(logs, await rows(search, COUNT, 'message_view'), messages),
    'mentions in messaging': differing(
      logs,
      await rows(messaging, COUNT, 'mention_view'),
      mentions,
    ),
    'members in messaging': differing(
      logs,
      await rows(messaging, MEMBERS, 'member_view', 'WHERE is_member'),
      membersHash,
    ),
    'members in notification': differing(
      logs,
      await rows(notification, MEMBERS, 'member_view'),
      membersHash,
    ),
  };
  const faults = Object.entries(found)
    .filter(([, count]) => count > 0)
    .map(([what, count]) => `${what} of ${count} of ${logs.length} conversations`);
  if (topic.doubled > 0) faults.push(`${topic.doubled} doubled records`);
  if (topic.reordered > 0) faults.push(`${topic.reordered} records out of order`);
  return faults.length === 0 ? undefined : faults.join(', ');
}

/** How many conversations are not as their files have them, strange ones included. */
export function differing(
  logs: readonly CountedLog[],
  found: Found,
  wanted: (log: CountedLog) => string,
): number {
  const known = new Set(logs.map(({ conversationId }) => conversationId));
  const strange = [...found.keys()].filter((id) => !known.has(id)).length;
  const wrong = logs.filter((log) => (found.get(log.conversationId) ?? '0') !== wanted(log));
  return wrong.length + strange;
}

/** As `MEMBERS` has them; '0' of nobody. */
export function membersHash({ members }: CountedLog): string {
  if (members.size === 0) return '0';
  return createHash('md5')
    .update([...members].toSorted().join(','))
    .digest('hex');
}

async function rows(
  database: Database,
  select: string,
  view: string,
  condition = '',
): Promise<Found> {
  const [serving] = await database.query<{ generation: number }>(SERVING);
  const found = await database.query<{ conversation_id: string; found: string }>(
    `${select} views_g${serving?.generation}.${view} ${condition} GROUP BY 1`,
  );
  return new Map(found.map((row) => [row.conversation_id, row.found]));
}

/** Messages by conversation, each event once, and what is doubled or out of order. */
async function countTopic(brokers: readonly string[]) {
  const options = { brokers, clientId: 'oracle', logger: silentLogger } as const;
  const kafka = openKafka({ ...options, driver: 'platformatic' });
  const seen = new Set<string>();
  const found = new Map<string, number>();
  const versions = new Map<string, bigint>();
  let doubled = 0;
  let reordered = 0;
  const see = (key: string, id: string, version: bigint) => {
    if (seen.has(id)) {
      doubled += 1;
      return;
    }
    seen.add(id);
    found.set(key, (found.get(key) ?? 0) + 1);
    if (version <= (versions.get(key) ?? 0n)) reordered += 1;
    else versions.set(key, version);
  };
  try {
    const topics = [topicOf('message_created')];
    await readTopics(kafka, topics, new Map(), (_, { key = '', headers }) =>
      see(key, headers['ce_id'] ?? '', BigInt(headers['ce_sequence'] ?? '0')),
    );
  } finally {
    await kafka.admin().close();
  }
  const counts = new Map([...found].map(([key, count]) => [key, String(count)]));
  return { counts, doubled, reordered };
}
