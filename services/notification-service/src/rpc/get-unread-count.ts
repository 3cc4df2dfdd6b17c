import type {
  GetUnreadCountRequest,
  GetUnreadCountResponseSchema,
} from '@nova/proto/gen/notification/notification_service_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import type { Call } from '@nova/rpc';
import { invalidRequest } from '@nova/service-kit';
import { countUnread } from '../storage/notifications.ts';
import type { Dependencies } from './dependencies.ts';
import { checkKinds } from './kinds-filter.ts';
import { userOf } from './user-of.ts';

/** Beyond it nobody counts, neither people nor this service. */
const MOST_COUNTED = 999;

/** How many notifications a user has not read. */
export function getUnreadCount({ queries }: Dependencies) {
  return async (
    request: GetUnreadCountRequest,
    call: Call,
  ): Promise<MessageInitShape<typeof GetUnreadCountResponseSchema>> => {
    const userId = userOf(call, request);
    const { kinds, minConsistencyToken } = request;
    const violations = checkKinds(kinds);
    if (violations.length > 0) throw invalidRequest(violations);
    const unread = await queries.run(call, minConsistencyToken, (views) =>
      countUnread(views, { userId, kinds }, MOST_COUNTED + 1),
    );
    return { unreadCount: Math.min(unread, MOST_COUNTED), isMore: unread > MOST_COUNTED };
  };
}
