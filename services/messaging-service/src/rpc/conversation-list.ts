import type { ConversationSchema } from '@nova/proto/gen/messaging/messaging_service_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import { messageKey, reactionsTo } from '../storage/chat-messages.ts';
import type { ConversationDetails } from '../storage/conversations.ts';
import { conversation } from './answers.ts';

type Views = Parameters<typeof reactionsTo>[0];

/** Conversations as a user sees them, in the order of the rows. */
export async function shownConversations(
  views: Views,
  userId: string,
  rows: readonly ConversationDetails[],
): Promise<MessageInitShape<typeof ConversationSchema>[]> {
  const latest = rows.flatMap(({ message }) => message ?? []);
  const reactions = await reactionsTo(views, userId, latest);
  return rows.map((row) =>
    conversation(row, row.message === null ? [] : (reactions.get(messageKey(row.message)) ?? [])),
  );
}
