import type { Queryable } from '@nova/postgres';
import type { StoredMessage } from '../domain/message.ts';
import { statement } from './statement.ts';

/** Who asks, and for which conversation. */
export interface Reader {
  readonly userId: string;
  readonly conversationId: string;
}

/** A message with the names of its sender. */
export interface NamedMessage extends StoredMessage {
  /** null where nothing is known of them. */
  readonly sender: {
    readonly username: string | null;
    readonly display_name: string | null;
  } | null;
}

/** How often a message got an emoji. */
export interface ReactionCount {
  readonly emoji: string;
  readonly count: bigint;
  readonly is_own: boolean;
}

interface MessageRow {
  readonly message: NamedMessage;
}

interface ReactionRow extends ReactionCount {
  readonly conversation_id: string;
  readonly message_id: string;
}

const mayReadSql = statement('may-read');
const messageSql = statement('message');
const olderSql = statement('history-older');
const newerSql = statement('history-newer');
const reactionsSql = statement('reactions');

/** Whether a user belongs or belonged to a conversation. */
export async function mayRead(views: Queryable, reader: Reader): Promise<boolean> {
  const rows = await views.query(mayReadSql, [reader.userId, reader.conversationId]);
  return rows.length > 0;
}

/** A message that the reader may read; a deleted one too. */
export async function messageOf(
  views: Queryable,
  reader: Reader,
  messageId: string,
): Promise<NamedMessage | undefined> {
  const [row] = await views.query<MessageRow>(messageSql, [...paramsOf(reader), messageId]);
  return row?.message;
}

/** The last `limit` readable messages up to a sequence, itself included, the lowest first. */
export function olderMessages(
  views: Queryable,
  reader: Reader,
  upTo: bigint,
  limit: number,
): Promise<NamedMessage[]> {
  return history(views, olderSql, [...paramsOf(reader), upTo, limit]);
}

/** The first `limit` readable messages from a sequence on, itself included, the lowest first. */
export function newerMessages(
  views: Queryable,
  reader: Reader,
  from: bigint,
  limit: number,
): Promise<NamedMessage[]> {
  return history(views, newerSql, [...paramsOf(reader), from, limit]);
}

async function history(
  views: Queryable,
  sql: typeof olderSql,
  params: readonly unknown[],
): Promise<NamedMessage[]> {
  const rows = await views.query<MessageRow>(sql, params);
  return rows.map(({ message }) => message);
}

/** The reactions to messages, most frequent first, by {@link messageKey}. Deleted ones have none. */
export async function reactionsTo(
  views: Queryable,
  userId: string,
  messages: readonly StoredMessage[],
): Promise<ReadonlyMap<string, readonly ReactionCount[]>> {
  const shown = messages.filter(({ is_deleted }) => !is_deleted);
  const found = new Map<string, ReactionCount[]>();
  if (shown.length === 0) return found;
  const rows = await views.query<ReactionRow>(reactionsSql, [
    shown.map(({ conversation_id }) => conversation_id),
    shown.map(({ message_id }) => message_id),
    userId,
  ]);
  for (const row of rows) {
    const key = messageKey(row);
    found.set(key, [...(found.get(key) ?? []), row]);
  }
  return found;
}

/** Names a message among those of several conversations. */
export function messageKey(message: Pick<StoredMessage, 'conversation_id' | 'message_id'>): string {
  return `${message.conversation_id} ${message.message_id}`;
}

function paramsOf({ userId, conversationId }: Reader): readonly unknown[] {
  return [userId, [conversationId]];
}
