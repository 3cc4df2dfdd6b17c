import { errors, NovaError } from '@nova/errors';
import { type AppendUnit, append, eventById, type NewEvent, type UnitResult } from '@nova/outbox';
import type { Queryable } from '@nova/postgres';
import type { PublishEventResponseSchema } from '@nova/proto/gen/events/events_service_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import { refused } from '../domain/refusal.ts';
import {
  readScheduledReply,
  type ScheduledEvent,
  scheduledMessage,
  scheduledReply,
} from '../domain/scheduled-event.ts';
import { keepScheduled } from '../storage/scheduled-events.ts';
import type { Dependencies } from './dependencies.ts';

type Response = MessageInitShape<typeof PublishEventResponseSchema>;

/**
 * Keeps an event until its time; undefined when an event of its id is in the log already, which is
 * for the log to judge. With a request id the answer is stored in the same transaction, as that of a
 * request without events: repeated after the event was appended or cancelled, it answers the same
 * and schedules nothing again.
 *
 * @throws EVENT_ID_REUSED, REQUEST_ID_REUSED
 */
export async function scheduleEvent(
  { database, scheduler }: Dependencies,
  event: NewEvent,
  { key, notBefore }: { readonly key: AppendUnit['key']; readonly notBefore: string },
): Promise<Response | undefined> {
  if (event.eventIdGiven && (await eventById(database, event.eventId)) !== undefined) {
    return undefined;
  }
  try {
    const kept = await database.transaction(async (tx) => {
      const scheduled = await keep(tx, event, notBefore);
      if (key === undefined) return scheduled;
      const unit: AppendUnit = { key, conditions: [], mode: 'atomic', events: [] };
      const [result] = await append(tx, [{ ...unit, reply: scheduledReply(scheduled) }]);
      if (result?.outcome === 'refused') {
        throw refused(result.refusals, { requestId: key.requestId });
      }
      const before = result && answerOfScheduled(result);
      if (before !== undefined) throw new AnsweredBefore(before);
      return scheduled;
    });
    scheduler.wake();
    return { scheduled: scheduledMessage(kept) };
  } catch (thrown) {
    if (thrown instanceof AnsweredBefore) return thrown.answer;
    throw thrown;
  }
}

/** The answer of an earlier request that has scheduled its event. */
export function answerOfScheduled(result: UnitResult): Response | undefined {
  if (result.outcome === 'refused' || !result.replayed || result.reply === undefined) {
    return undefined;
  }
  return { scheduled: readScheduledReply(result.reply), replayed: true };
}

/** Rolls back the transaction that would schedule once more. */
class AnsweredBefore extends Error {
  readonly answer: Response;

  constructor(answer: Response) {
    super('answered before');
    this.answer = answer;
  }
}

async function keep(tx: Queryable, event: NewEvent, notBefore: string): Promise<ScheduledEvent> {
  const kept = await keepScheduled(tx, event, notBefore);
  if (kept !== undefined) return kept;
  const description = 'belongs to an event with other content or another time';
  throw new NovaError(
    errors.EVENT_ID_REUSED,
    { event_id: event.eventId },
    { violations: [{ field: 'event_id', description }] },
  );
}
