import { isCanonicalUuid } from '@nova/events';
import { NotificationReadSchema } from '@nova/proto/gen/notification/notification_events_pb';
import {
  type MarkNotificationAsReadRequest,
  MarkNotificationAsReadRequestSchema,
  type MarkNotificationAsReadResponseSchema,
} from '@nova/proto/gen/notification/notification_service_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import type { Call } from '@nova/rpc';
import { invalidRequest, rowRef } from '@nova/service-kit';
import { marksOne } from '../domain/mark-read.ts';
import { inboxView } from '../views/inbox_view/inbox-view.ts';
import { notificationView } from '../views/notification_view/notification-view.ts';
import type { Dependencies } from './dependencies.ts';
import { userOf } from './user-of.ts';

/** Marks one notification as read. */
export function markNotificationAsRead({ commands }: Dependencies) {
  return async (
    request: MarkNotificationAsReadRequest,
    call: Call,
  ): Promise<MessageInitShape<typeof MarkNotificationAsReadResponseSchema>> => {
    const userId = userOf(call, request);
    const { notificationId, requestId } = request;
    if (!isCanonicalUuid(notificationId)) {
      const description = 'must be a UUID in lower case';
      throw invalidRequest([{ field: 'notification_id', description }]);
    }
    return commands.run(call, {
      schema: MarkNotificationAsReadRequestSchema,
      request,
      requestId,
      decidedBy: [
        {
          aggregateType: 'notification',
          aggregateId: notificationId,
          eventTypes: ['notification_created', 'notification_read', 'notification_deleted'],
        },
        {
          aggregateType: 'notification_inbox',
          aggregateId: userId,
          eventTypes: ['notifications_read_all'],
        },
      ],
      rows: [
        rowRef(notificationView, { notification_id: notificationId }),
        rowRef(inboxView, { user_id: userId }),
      ],
      decide(rows) {
        const notification = rows.get(notificationView, { notification_id: notificationId });
        const inbox = rows.get(inboxView, { user_id: userId });
        if (!marksOne({ notificationId, userId }, notification, inbox)) return { events: [] };
        return {
          events: [
            {
              schema: NotificationReadSchema,
              aggregateId: notificationId,
              payload: { user_id: userId },
            },
          ],
        };
      },
      answer: () => ({}),
    });
  };
}
