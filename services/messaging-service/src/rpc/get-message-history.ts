import {
  type GetMessageHistoryRequest,
  type GetMessageHistoryResponseSchema,
  HistoryDirection,
} from '@nova/proto/gen/messaging/messaging_service_pb';
import type { JsonValue, MessageInitShape } from '@nova/proto/runtime';
import type { Call } from '@nova/rpc';
import {
  mayRead,
  messageKey,
  messageOf,
  type Reader,
  reactionsTo,
} from '../storage/chat-messages.ts';
import { chatMessage, messageNotFound, notFound } from './answers.ts';
import type { Dependencies } from './dependencies.ts';
import { END, readHistory, type Way } from './history-page.ts';
import { PAGE_SIZES } from './page-sizes.ts';
import { RequestFields } from './request-fields.ts';

type Response = MessageInitShape<typeof GetMessageHistoryResponseSchema>;
type Views = Parameters<typeof mayRead>[0];

/** Where a page begins, and which way the whole history is read. */
interface Place {
  readonly way: Way | 'around';
  /** A sequence number, included. */
  readonly from: bigint;
  /** The way of next_page_token. */
  readonly asked: Way;
}

/** The messages that a user may read, both ways. */
export function getMessageHistoryRpc({ queries, pageTokens }: Dependencies) {
  return async (request: GetMessageHistoryRequest, call: Call): Promise<Response> => {
    const { conversationId, minConsistencyToken } = request;
    const reader = { userId: accept(request, call), conversationId };
    const size = pageTokens.pageSize(request.pageSize, PAGE_SIZES);
    const filter = { conversation_id: conversationId, user_id: reader.userId };
    const given = placeIn(pageTokens.decode(call.method, filter, request.pageToken));
    return queries.run(call, minConsistencyToken, async (views) => {
      if (!(await mayRead(views, reader))) throw notFound(reader);
      const place = given ?? (await startOf(views, reader, request));
      const page = await readHistory(views, reader, place, size);
      const reactions = await reactionsTo(views, reader.userId, page.messages);
      const token = (way: Way) => {
        const from = page[way];
        if (from === undefined) return '';
        return pageTokens.encode(call.method, filter, [way, String(from), place.asked]);
      };
      return {
        messages: page.messages.map((row) => chatMessage(row, reactions.get(messageKey(row)))),
        nextPageToken: token(place.asked),
        previousPageToken: token(place.asked === 'older' ? 'newer' : 'older'),
      };
    });
  };
}

function accept(request: GetMessageHistoryRequest, call: Call): string {
  const fields = new RequestFields();
  const { start, direction, pageToken } = request;
  fields.id('conversation_id', request.conversationId);
  if (pageToken === '') {
    if (start.case === 'messageId') fields.id('message_id', start.value);
    if (start.case === 'sequenceNumber' && start.value < 1n) {
      fields.add('sequence_number', `must be 1 or more; it is ${start.value}`);
    }
    if (HistoryDirection[direction] === undefined) {
      fields.add('direction', `is none: ${direction}`);
    }
    if (direction === HistoryDirection.AROUND && start.case === undefined) {
      fields.add('message_id', 'or sequence_number is required to read around it');
    }
  }
  return fields.user(call, request.userId);
}

async function startOf(
  views: Views,
  reader: Reader,
  { start, direction }: GetMessageHistoryRequest,
): Promise<Place> {
  const isNewer = direction === HistoryDirection.NEWER;
  const asked = isNewer ? 'newer' : 'older';
  const way = direction === HistoryDirection.AROUND ? 'around' : asked;
  if (start.case === 'sequenceNumber') return { way, asked, from: start.value };
  if (start.case === undefined) return { way, asked, from: isNewer ? 1n : END };
  const message = await messageOf(views, reader, start.value);
  if (message === undefined) throw messageNotFound(reader.conversationId, start.value);
  return { way, asked, from: BigInt(message.sequence) };
}

/** The place that a token names; `token` above wrote it. */
function placeIn(position: JsonValue | undefined): Place | undefined {
  if (!Array.isArray(position)) return undefined;
  const [way, from, asked] = position;
  return {
    way: way === 'newer' ? 'newer' : 'older',
    from: BigInt(String(from)),
    asked: asked === 'newer' ? 'newer' : 'older',
  };
}
