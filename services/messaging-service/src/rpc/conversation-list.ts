import type { ConversationSchema } from '@nova/proto/gen/messaging/messaging_service_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import { messageKey, reactionsTo } from '../storage/chat-messages.ts';
import { conversationDetails } from '../storage/conversations.ts';
import { conversation } from './answers.ts';

type Views = Parameters<typeof conversationDetails>[0];

/** Conversations as a user sees them, in the order of the ids. */
export async function readConversations(
  views: Views,
  userId: string,
  ids: readonly string[],
): Promise<MessageInitShape<typeof ConversationSchema>[]> {
  if (ids.length === 0) return [];
  const details = await conversationDetails(views, userId, ids);
  const found = ids.flatMap((id) => details.get(id) ?? []);
  const latest = found.flatMap(({ message }) => message ?? []);
  const reactions = await reactionsTo(views, userId, latest);
  return found.map((row) =>
    conversation(row, row.message === null ? [] : (reactions.get(messageKey(row.message)) ?? [])),
  );
}
