import { type AggregateRows, type Effect, effect } from '@nova/consumer';
import { effectId } from '@nova/events';
import type { FieldOf, SeenEvent, ViewEvent } from '@nova/projection';
import { NotificationCreatedSchema } from '@nova/proto/gen/notification/notification_events_pb';
import type { DescMessage, JsonObject } from '@nova/proto/runtime';
import type { Kind } from '../domain/kinds.ts';
import { isTold, LENGTHS, type Notice, noticePayload } from '../domain/notice.ts';
import { plainText } from '../domain/plain-text.ts';
import { readCircumstances } from '../storage/read-circumstances.ts';

/** The consumer that the effects belong to: `views` of this service. Part of ids, never renamed. */
const CONSUMER = 'notification.views';

/** How old an event may be when the log takes it and still be news. Imports bring older ones. */
const NEWS_MS = 7 * 24 * 3600 * 1000;

/** Whom an event concerns, and with what. */
export interface Telling {
  readonly recipientId: string | undefined;
  readonly actorId: string | undefined;
  readonly kind: Kind;
  readonly text?: string;
  readonly target: { readonly type: string; readonly id: string };
  readonly conversationId?: string;
  readonly data: JsonObject;
}

/**
 * The effect of telling users about an event: `tell` says whom, in order of weight, from the event
 * and its aggregate's rows alone. Each recipient is told once, with the first; nobody is told of
 * what they did themselves or of what was no news when it was stored.
 */
export function noticeEffect<Schema extends DescMessage, const Field extends FieldOf<Schema>>(
  schema: Schema,
  name: string,
  fields: readonly Field[],
  tell: (event: SeenEvent<Schema, NoInfer<Field>>, rows: AggregateRows) => readonly Telling[],
): Effect {
  return effect(schema, {
    name,
    fields,
    plan(event, rows) {
      if (!isNews(event)) return [];
      const notices = new Map<string, Notice>();
      for (const telling of tell(event, rows)) {
        const notice = noticeOf(name, event, telling);
        const { recipient_id: recipient } = notice;
        const isNobody = recipient === '' || recipient === notice.actor_id;
        if (!isNobody && !notices.has(recipient)) notices.set(recipient, notice);
      }
      return [...notices].map(([recipient, notice]) => ({
        key: recipient,
        target: `inbox/${recipient}`,
        body: notice,
      }));
    },
    async judgeAll(planned, views) {
      // Written by `plan`.
      const notices = planned.map(({ body }) => body as Notice);
      const circumstances = await readCircumstances(views, notices);
      return notices.map((notice, index) => {
        const known = circumstances[index];
        if (known === undefined || !isTold(known)) return undefined;
        return {
          schema: NotificationCreatedSchema,
          aggregateId: notice.notification_id,
          payload: noticePayload(notice, known),
        };
      });
    },
  });
}

function isNews({ occurredAt, storedAt }: ViewEvent<unknown>): boolean {
  return Date.parse(storedAt) - Date.parse(occurredAt) <= NEWS_MS;
}

function noticeOf(effectName: string, { eventId }: ViewEvent<unknown>, telling: Telling): Notice {
  const { recipientId = '', actorId = '', kind, text = '', target, data } = telling;
  return {
    notification_id: effectId(CONSUMER, eventId, `${effectName}:${recipientId}`),
    recipient_id: recipientId,
    kind,
    actor_id: actorId,
    text: plainText(text, LENGTHS.body),
    target_type: target.type,
    target_id: target.id,
    source_event_id: eventId,
    conversation_id: telling.conversationId ?? null,
    data,
  };
}
