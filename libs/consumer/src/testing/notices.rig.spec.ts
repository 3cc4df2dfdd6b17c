import { NovaError } from '@nova/errors';
import { MessageCreatedSchema } from '@nova/proto/gen/messaging/conversation_events_pb';
import { NotificationCreatedSchema } from '@nova/proto/gen/notification/notification_events_pb';
import { type EffectAppend, type EffectOutcome, effect, errors } from '../index.ts';
import { rooms } from './rooms.ts';

/** A notice to the recipient of a message, about a row of the same aggregate. */
export const notice = effect(MessageCreatedSchema, {
  name: 'notice',
  plan: (event, rows) => {
    const room = rows.after(rooms, { conversation_id: event.aggregateId });
    return [
      {
        key: event.payload.recipientId ?? '',
        target: event.payload.recipientId ?? '',
        body: { text: event.payload.content ?? '', title: room?.title ?? '' },
      },
    ];
  },
  judge: async ({ body, target }, views) => {
    await views.query('SELECT 1 FROM room_view LIMIT 1');
    const text = JSON.stringify(body);
    if (text.includes('unjudgeable')) throw new RangeError('unjudgeable');
    return text.includes('muted')
      ? undefined
      : { schema: NotificationCreatedSchema, aggregateId: target, payload: { body } };
  },
});

/** An appender that notes what it was given, and refuses what a spec tells it to. */
export class Notices {
  readonly given: EffectAppend[] = [];
  refuses: (append: EffectAppend) => boolean = () => false;
  isAway = false;

  async append(events: readonly EffectAppend[]): Promise<readonly EffectOutcome[]> {
    if (this.isAway) throw new NovaError(errors.CONSUMER_NOT_OPEN, { consumer: 'log' });
    const refused = new Set<string>();
    return events.map((event) => {
      if (refused.has(event.target)) return { outcome: 'held' };
      if (this.refuses(event)) {
        refused.add(event.target);
        return { outcome: 'refused', reason: 'because' };
      }
      this.given.push(event);
      return { outcome: 'stored' };
    });
  }

  texts(): string[] {
    return this.given.map(({ payload }) => JSON.stringify(payload['body']));
  }
}
