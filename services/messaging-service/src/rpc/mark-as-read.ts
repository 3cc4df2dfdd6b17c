import { participantId } from '@nova/events';
import {
  type MarkAsReadRequest,
  MarkAsReadRequestSchema,
  type MarkAsReadResponseSchema,
} from '@nova/proto/gen/messaging/messaging_service_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import type { Call } from '@nova/rpc';
import { type DecisionRows, rowRef, type StoredAnswer } from '@nova/service-kit';
import { markAsRead, type ReadUpTo } from '../domain/mark-as-read.ts';
import { messageView } from '../views/message_view/message-view.ts';
import { participantView } from '../views/participant_view/participant-view.ts';
import type { Dependencies } from './dependencies.ts';
import { conversationDecides, placeOf, placeRows } from './places.ts';
import { RequestFields } from './request-fields.ts';

/** Moves a user's read mark forward. */
export function markAsReadRpc({ commands }: Dependencies) {
  return async (
    request: MarkAsReadRequest,
    call: Call,
  ): Promise<MessageInitShape<typeof MarkAsReadResponseSchema>> => {
    const userId = accept(request, call);
    const { conversationId, requestId } = request;
    const participant = { participant_id: participantId(conversationId, userId) };
    const message = messageKeyOf(request);
    return commands.run(call, {
      schema: MarkAsReadRequestSchema,
      request,
      requestId,
      // A message that was just sent can be marked as well, and nothing that comes later.
      decidedBy: [
        conversationDecides(conversationId, 'message_created'),
        {
          aggregateType: 'participant',
          aggregateId: participant.participant_id,
          eventTypes: ['message_read'],
        },
      ],
      rows: [
        ...placeRows(conversationId, [userId]),
        rowRef(participantView, participant),
        ...(message === undefined ? [] : [rowRef(messageView, message)]),
      ],
      decide: (rows) =>
        markAsRead(
          placeOf(rows, conversationId, userId),
          upToOf(request, rows),
          rows.get(participantView, participant),
          rows.now,
        ),
      answer: answerOf,
    });
  };
}

function accept(request: MarkAsReadRequest, call: Call): string {
  const fields = new RequestFields();
  const { upTo } = request;
  fields.id('conversation_id', request.conversationId);
  if (upTo.case === 'messageId') fields.id('message_id', upTo.value);
  if (upTo.case === 'sequenceNumber' && upTo.value < 1n) {
    fields.add('sequence_number', `must be 1 or more; it is ${upTo.value}`);
  }
  return fields.user(call, request.userId);
}

function messageKeyOf({ conversationId, upTo }: MarkAsReadRequest) {
  if (upTo.case !== 'messageId') return undefined;
  return { conversation_id: conversationId, message_id: upTo.value };
}

function upToOf(request: MarkAsReadRequest, rows: DecisionRows): ReadUpTo {
  const { upTo } = request;
  if (upTo.case === 'sequenceNumber') return { kind: 'sequence', sequence: Number(upTo.value) };
  const key = messageKeyOf(request);
  if (key === undefined) return { kind: 'end' };
  return { kind: 'message', messageId: key.message_id, message: rows.get(messageView, key) };
}

function answerOf({ reply }: StoredAnswer) {
  return { lastReadSequence: BigInt(Number(reply['last_read_sequence'] ?? 0)) };
}
