import { parseTime } from '@nova/events';
import type { NotificationSchema } from '@nova/proto/gen/notification/notification_service_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import { isRead } from '../domain/mark-read.ts';
import type { ListedNotification } from '../storage/notifications.ts';

/** A row as the service answers it. */
export function notificationMessage(
  row: ListedNotification,
): MessageInitShape<typeof NotificationSchema> {
  const readAt = row.read_at === null ? undefined : parseTime(row.read_at);
  const createdAt = parseTime(row.stored_at);
  const occurredAt = parseTime(row.occurred_at);
  return {
    notificationId: row.notification_id,
    userId: row.user_id,
    kind: row.kind,
    title: row.title,
    body: row.body,
    priority: row.priority,
    actorIds: [...row.actor_ids],
    targetType: row.target_type,
    targetId: row.target_id,
    sourceEventId: row.source_event_id,
    data: row.data,
    isRead: isRead(row, row),
    ...(createdAt === undefined ? {} : { createdAt }),
    ...(occurredAt === undefined ? {} : { occurredAt }),
    ...(readAt === undefined ? {} : { readAt }),
  };
}
