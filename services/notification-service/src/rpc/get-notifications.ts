import type {
  GetNotificationsRequest,
  GetNotificationsResponseSchema,
} from '@nova/proto/gen/notification/notification_service_pb';
import type { JsonValue, MessageInitShape } from '@nova/proto/runtime';
import type { Call } from '@nova/rpc';
import { invalidRequest } from '@nova/service-kit';
import { listNotifications, type Place } from '../storage/notifications.ts';
import type { Dependencies } from './dependencies.ts';
import { checkKinds } from './kinds-filter.ts';
import { notificationMessage } from './notification-message.ts';
import { userOf } from './user-of.ts';

const PAGE = { default: 50, maximum: 100 };

/** A user's notifications, newest first. */
export function getNotifications({ queries, pageTokens }: Dependencies) {
  return async (
    request: GetNotificationsRequest,
    call: Call,
  ): Promise<MessageInitShape<typeof GetNotificationsResponseSchema>> => {
    const userId = userOf(call, request);
    const { unreadOnly } = request;
    const kinds = [...new Set(request.kinds)].sort();
    const violations = checkKinds(kinds);
    if (violations.length > 0) throw invalidRequest(violations);
    const filter = [userId, unreadOnly, kinds];
    const size = pageTokens.pageSize(request.pageSize, PAGE);
    const after = placeOf(pageTokens.decode(call.method, filter, request.pageToken));
    const found = await queries.run(call, request.minConsistencyToken, (views) =>
      listNotifications(views, { userId, kinds, unreadOnly }, after, size + 1),
    );
    const page = found.slice(0, size);
    const last = found.length > size ? page.at(-1) : undefined;
    return {
      notifications: page.map(notificationMessage),
      nextPageToken:
        last === undefined
          ? ''
          : pageTokens.encode(call.method, filter, [last.stored_at, String(last.position)]),
    };
  };
}

/** The position of a page token, which only this file writes. */
function placeOf(position: JsonValue | undefined): Place | undefined {
  if (!Array.isArray(position)) return undefined;
  const [storedAt, place] = position;
  return { storedAt: String(storedAt), position: String(place) };
}
