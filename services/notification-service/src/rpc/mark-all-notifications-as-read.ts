import { formatTime, parseTime } from '@nova/events';
import { NotificationsReadAllSchema } from '@nova/proto/gen/notification/notification_inbox_events_pb';
import {
  type MarkAllNotificationsAsReadRequest,
  MarkAllNotificationsAsReadRequestSchema,
  type MarkAllNotificationsAsReadResponseSchema,
} from '@nova/proto/gen/notification/notification_service_pb';
import type { MessageInitShape, Timestamp } from '@nova/proto/runtime';
import type { Call } from '@nova/rpc';
import { invalidRequest, rowRef } from '@nova/service-kit';
import { marksAll } from '../domain/mark-read.ts';
import { newestUnread } from '../storage/notifications.ts';
import { inboxView } from '../views/inbox_view/inbox-view.ts';
import type { Dependencies } from './dependencies.ts';
import { userOf } from './user-of.ts';

/** Moves the cutoff at or before which everything is read: one event, however much it marks. */
export function markAllNotificationsAsRead({ commands, queries }: Dependencies) {
  return async (
    request: MarkAllNotificationsAsReadRequest,
    call: Call,
  ): Promise<MessageInitShape<typeof MarkAllNotificationsAsReadResponseSchema>> => {
    const userId = userOf(call, request);
    const upTo =
      request.upTo === undefined
        ? // Not the clock: what this view does not show yet, the user has not seen.
          await queries.run(call, '', (views) => newestUnread(views, userId))
        : givenTime(request.upTo);
    return commands.run(call, {
      schema: MarkAllNotificationsAsReadRequestSchema,
      request,
      requestId: request.requestId,
      decidedBy: [
        {
          aggregateType: 'notification_inbox',
          aggregateId: userId,
          eventTypes: ['notifications_read_all'],
        },
      ],
      rows: [rowRef(inboxView, { user_id: userId })],
      decide(rows) {
        if (!marksAll(upTo, rows.get(inboxView, { user_id: userId }))) return { events: [] };
        const payload = { user_id: userId, up_to: upTo };
        return {
          events: [{ schema: NotificationsReadAllSchema, aggregateId: userId, payload }],
          reply: { up_to: upTo },
        };
      },
      answer({ events: [event], reply }) {
        // As the view's fold does it: nobody has seen what comes later than the event itself.
        const [cutoff] = [String(reply['up_to'] ?? ''), timeOf(event?.storedAt)].sort();
        const read = event === undefined ? undefined : parseTime(cutoff ?? '');
        return read === undefined ? {} : { upTo: read };
      },
    });
  };
}

function givenTime(upTo: Timestamp): string {
  const text = formatTime(upTo);
  if (text !== undefined) return text;
  throw invalidRequest([{ field: 'up_to', description: 'must lie in the years 1 to 9999' }]);
}

function timeOf(time: Timestamp | undefined): string {
  return (time && formatTime(time)) ?? '';
}
