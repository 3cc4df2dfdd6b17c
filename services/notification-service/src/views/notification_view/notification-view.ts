import { defineView, on } from '@nova/projection';
import {
  type NotificationCreated,
  NotificationCreatedSchema,
  NotificationDeletedSchema,
  NotificationReadSchema,
} from '@nova/proto/gen/notification/notification_events_pb';
import type { JsonObject } from '@nova/proto/runtime';
import { LENGTHS } from '../../domain/notice.ts';
import { plainText } from '../../domain/plain-text.ts';

/** Something that a user is told. */
export interface NotificationRow {
  readonly notification_id: string;
  readonly user_id: string;
  readonly kind: string;
  readonly title: string;
  readonly body: string;
  readonly priority: string;
  readonly actor_ids: readonly string[];
  readonly target_type: string;
  readonly target_id: string;
  readonly source_event_id: string;
  readonly data: JsonObject;
  /** When the log stored notification_created. Order and read cutoffs go by it. */
  readonly stored_at: string;
  /** Its place in the log. */
  readonly position: number;
  readonly occurred_at: string;
  /** When it was marked by itself; null although a cutoff of the inbox may cover it. */
  readonly read_at: string | null;
}

// Events published by hand may hold more than an answer should: 100 of these fit into one.
const MOST_ACTORS = 20;
const MOST_DATA = 8 * 1024;
const LONGEST_ID = 255;
const LONGEST_NAME = 100;

const keys = ({ aggregateId }: { aggregateId: string }) => [{ notification_id: aggregateId }];

function contentOf(payload: NotificationCreated) {
  const { title = '', body = '', kind = '', targetType = '', targetId = '' } = payload;
  const data = payload.data ?? {};
  return {
    user_id: payload.userId ?? '',
    kind: plainText(kind, LONGEST_NAME),
    title: plainText(title, LENGTHS.title),
    body: plainText(body, LENGTHS.body),
    priority: payload.priority ?? 'normal',
    actor_ids: payload.actorIds.slice(0, MOST_ACTORS),
    target_type: plainText(targetType, LONGEST_NAME),
    target_id: plainText(targetId, LONGEST_ID),
    source_event_id: payload.sourceEventId ?? '',
    data: JSON.stringify(data).length > MOST_DATA ? {} : data,
  };
}

/** Notifications, each until it is deleted. */
export const notificationView = defineView<NotificationRow, 'notification_id'>({
  name: 'notification_view',
  version: 1,
  table: new URL('./table.sql', import.meta.url),
  key: ['notification_id'],
  handlers: [
    on(NotificationCreatedSchema, {
      fields: [
        'title',
        'body',
        'kind',
        'targetType',
        'targetId',
        'data',
        'userId',
        'priority',
        'actorIds',
        'sourceEventId',
      ],
      keys,
      // A user is told once: a second one under the same id changes nothing.
      fold: (row, { payload, storedAt, position, occurredAt }, key) =>
        row ?? {
          ...key,
          ...contentOf(payload),
          stored_at: storedAt,
          position: Number(position),
          occurred_at: occurredAt,
          read_at: null,
        },
    }),
    on(NotificationReadSchema, {
      fields: ['userId'],
      keys,
      // Of a notification that is not there, or in another's name, nothing can be read.
      fold: (row, { payload, storedAt }) =>
        row === undefined || row.read_at !== null || row.user_id !== payload.userId
          ? row
          : { ...row, read_at: storedAt },
    }),
    on(NotificationDeletedSchema, {
      fields: ['userId'],
      keys,
      fold: (row, { payload }) => (row?.user_id === payload.userId ? undefined : row),
    }),
  ],
});
