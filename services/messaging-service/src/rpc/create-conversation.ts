import { directConversationId } from '@nova/events';
import {
  type CreateConversationRequest,
  CreateConversationRequestSchema,
  type CreateConversationResponseSchema,
} from '@nova/proto/gen/messaging/messaging_service_pb';
import type { JsonObject, MessageInitShape } from '@nova/proto/runtime';
import type { Call } from '@nova/rpc';
import { rowRef, type StoredAnswer } from '@nova/service-kit';
import { createConversation, type NewConversation } from '../domain/create-conversation.ts';
import { conversationView } from '../views/conversation_view/conversation-view.ts';
import type { Dependencies } from './dependencies.ts';
import { RequestFields } from './request-fields.ts';

const MOST_OTHERS = 499;
const MAX_NAME_BYTES = 800;
const MAX_URL_BYTES = 2000;

/** Creates a conversation; a direct one that exists is answered with. */
export function createConversationRpc({ commands }: Dependencies) {
  return async (
    request: CreateConversationRequest,
    call: Call,
  ): Promise<MessageInitShape<typeof CreateConversationResponseSchema>> => {
    const wanted = accept(request, call);
    const common = { schema: CreateConversationRequestSchema, request, answer: answerOf };
    const { requestId } = request;
    if (wanted.kind === 'group') {
      // Nothing can have happened to an id that is drawn here.
      return commands.run(call, {
        ...common,
        requestId,
        decidedBy: [],
        rows: [],
        decide: (_rows, ids) =>
          createConversation({ ...wanted, conversationId: ids.next() }, undefined),
      });
    }
    const [other = ''] = wanted.otherIds;
    const conversationId = directConversationId(wanted.creatorId, other);
    const key = { conversation_id: conversationId };
    return commands.run(call, {
      ...common,
      requestId,
      decidedBy: [
        {
          aggregateType: 'conversation',
          aggregateId: conversationId,
          eventTypes: ['conversation_created'],
        },
      ],
      rows: [rowRef(conversationView, key)],
      decide: (rows) =>
        createConversation({ ...wanted, conversationId }, rows.get(conversationView, key)),
    });
  };
}

function accept(
  request: CreateConversationRequest,
  call: Call,
): Omit<NewConversation, 'conversationId'> {
  const fields = new RequestFields();
  const { kind, memberIds, name, avatarUrl } = request;
  fields.word('kind', kind, ['direct', 'group']);
  fields.ids('member_ids', memberIds);
  fields.text('name', name, MAX_NAME_BYTES);
  fields.text('avatar_url', avatarUrl, MAX_URL_BYTES);
  if (kind === 'direct') {
    if (name !== '') fields.add('name', 'is for groups; a direct conversation has none');
    if (avatarUrl !== '') fields.add('avatar_url', 'is for groups; a direct conversation has none');
  }
  const creator = request.userId === '' ? call.caller.userId : request.userId;
  const otherIds = [...new Set(memberIds)].filter((id) => id !== creator);
  if (kind === 'direct' && otherIds.length !== 1) {
    fields.add('member_ids', `must name one other user; it names ${otherIds.length}`);
  }
  if (otherIds.length > MOST_OTHERS) {
    fields.add('member_ids', `must name at most ${MOST_OTHERS} others; add the rest by AddMember`);
  }
  const creatorId = fields.user(call, request.userId);
  return { kind: kind === 'direct' ? 'direct' : 'group', creatorId, otherIds, name, avatarUrl };
}

function answerOf({ reply }: StoredAnswer) {
  return { conversationId: textIn(reply, 'conversation_id'), created: reply['created'] === true };
}

function textIn(reply: JsonObject, field: string): string {
  const value = reply[field];
  return typeof value === 'string' ? value : '';
}
