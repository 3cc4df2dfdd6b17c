import { contactId } from '@nova/events';
import {
  type SendMessageRequest,
  SendMessageRequestSchema,
  type SendMessageResponseSchema,
} from '@nova/proto/gen/messaging/messaging_service_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import type { Call } from '@nova/rpc';
import {
  type CommandSpec,
  type DecidedBy,
  type DecisionRows,
  rowRef,
  type StoredAnswer,
} from '@nova/service-kit';
import { peerOf } from '../domain/conversation.ts';
import { sendMessage } from '../domain/send-message.ts';
import { peersOf } from '../storage/conversations.ts';
import { blockView } from '../views/block_view/block-view.ts';
import type { Dependencies } from './dependencies.ts';
import { createKnownPeers } from './known-peers.ts';
import { placeOf, placeRows } from './places.ts';
import { RequestFields } from './request-fields.ts';
import { runInConversation } from './run-in-conversation.ts';

const MAX_CONTENT_BYTES = 64 * 1024;
const MAX_CIPHERTEXT_BYTES = 127 * 1024;
const MAX_NONCE_BYTES = 1024;
const MAX_MENTIONS = 100;

type Answer = MessageInitShape<typeof SendMessageResponseSchema>;

/** The other side of a direct conversation that nobody knew before its creation was folded. */
class PeerFound extends Error {
  readonly peerId: string;

  constructor(peerId: string) {
    super('the other side of the conversation is known only now');
    this.peerId = peerId;
  }
}

/** Sends a message. */
export function sendMessageRpc({ commands, queries }: Dependencies) {
  const known = createKnownPeers();
  return async (request: SendMessageRequest, call: Call): Promise<Answer> => {
    const userId = accept(request, call);
    const { conversationId } = request;
    // Whether the other side has blocked the sender is decided by an aggregate whose id takes that
    // side; and a conversation that was just created is not in the view yet.
    const peers = await known.of(conversationId, () =>
      queries.run(call, '', (views) => peersOf(views, conversationId)),
    );
    const peerId = peers.length === 0 ? undefined : peers.find((peer) => peer !== userId);
    const run = (peer: string | undefined) =>
      runInConversation(commands, call, conversationId, (decides) =>
        specOf(request, userId, peer, decides),
      );
    try {
      return await run(peerId);
    } catch (thrown) {
      if (!(thrown instanceof PeerFound)) throw thrown;
      return await run(thrown.peerId);
    }
  };
}

function specOf(
  request: SendMessageRequest,
  userId: string,
  peerId: string | undefined,
  decides: DecidedBy,
) {
  const { conversationId, requestId } = request;
  const block = peerId === undefined ? undefined : { contact_id: contactId(peerId, userId) };
  const spec: CommandSpec<Answer> = {
    schema: SendMessageRequestSchema,
    request,
    requestId,
    decidedBy: [
      decides,
      ...(block === undefined
        ? []
        : [
            {
              aggregateType: 'contact',
              aggregateId: block.contact_id,
              eventTypes: ['user_blocked', 'user_unblocked'],
            },
          ]),
    ],
    rows: [
      ...placeRows(conversationId, [userId]),
      ...(block === undefined ? [] : [rowRef(blockView, block)]),
    ],
    decide(rows, ids) {
      const sender = placeOf(rows, conversationId, userId);
      const peer = sender.conversation && peerOf(sender.conversation, userId);
      if (peer !== undefined && peer !== peerId) throw new PeerFound(peer);
      const message = messageOf(request, ids.next());
      return sendMessage(sender, message, () => isBlocked(rows, block));
    },
    answer: answerOf,
  };
  return spec;
}

function isBlocked(rows: DecisionRows, block: { contact_id: string } | undefined): boolean {
  return block !== undefined && rows.get(blockView, block) !== undefined;
}

function messageOf(request: SendMessageRequest, messageId: string) {
  const { content, messageType, mentionedUserIds, replyToMessageId, ciphertext, nonce } = request;
  return {
    messageId,
    content,
    messageType: messageType === '' ? 'text' : messageType,
    mentionedUserIds: [...new Set(mentionedUserIds)],
    replyToMessageId,
    ciphertext,
    nonce,
  };
}

function accept(request: SendMessageRequest, call: Call): string {
  const fields = new RequestFields();
  const { content, messageType, mentionedUserIds, ciphertext, nonce } = request;
  fields.id('conversation_id', request.conversationId);
  fields.text('content', content, MAX_CONTENT_BYTES);
  fields.word('message_type', messageType, ['', 'text', 'image', 'file', 'encrypted']);
  fields.ids('mentioned_user_ids', mentionedUserIds);
  if (mentionedUserIds.length > MAX_MENTIONS) {
    fields.add('mentioned_user_ids', `must name at most ${MAX_MENTIONS} users`);
  }
  fields.optionalId('reply_to_message_id', request.replyToMessageId);
  fields.text('ciphertext', ciphertext, MAX_CIPHERTEXT_BYTES);
  fields.text('nonce', nonce, MAX_NONCE_BYTES);
  const isText = messageType === '' || messageType === 'text';
  if (isText && content === '') fields.add('content', 'is required in a text message');
  if (messageType === 'encrypted' && ciphertext === '') {
    fields.add('ciphertext', 'is required in an encrypted message');
  }
  return fields.user(call, request.userId);
}

function answerOf({ events: [event], reply }: StoredAnswer): Answer {
  const messageId = reply['message_id'];
  if (event === undefined || typeof messageId !== 'string') {
    throw new TypeError('a message was stored without its event');
  }
  const { eventId, typeSequence, storedAt } = event;
  return {
    messageId,
    sequenceNumber: typeSequence,
    eventId,
    ...(storedAt === undefined ? {} : { storedAt }),
  };
}
