import type { ImportEvent } from '../irc/import-event.ts';
import type { EventOutcome, PublishBatch } from './publisher.ts';

/** What a call came to. */
export type CallResult =
  | { readonly outcome: 'answered'; readonly events: readonly EventOutcome[] }
  /** The call was larger than the server takes. */
  | { readonly outcome: 'too large' }
  /** The server refused single events by their index in the call, and stored none of it. */
  | { readonly outcome: 'invalid'; readonly events: ReadonlyMap<number, string> };

const TOO_LARGE = { refused: 'TOO_LARGE', message: 'it is larger than a call may be' };

/**
 * Brings every event of a batch to an outcome, whatever the server says to the batch as a whole: a
 * batch that is too large is halved, events that it does not accept are taken out and reported.
 */
export function publishWhole(
  call: (events: readonly ImportEvent[]) => Promise<CallResult>,
): PublishBatch {
  const publish: PublishBatch = async (events) => {
    if (events.length === 0) return [];
    const result = await call(events);
    if (result.outcome === 'answered') return result.events;
    if (result.outcome === 'too large') {
      if (events.length === 1) return [TOO_LARGE];
      const middle = Math.ceil(events.length / 2);
      const first = await publish(events.slice(0, middle));
      return [...first, ...(await publish(events.slice(middle)))];
    }
    const accepted = await publish(events.filter((_, index) => !result.events.has(index)));
    const outcomes = accepted.values();
    return events.map((_, index) => {
      const message = result.events.get(index);
      if (message !== undefined) return { refused: 'INVALID_ARGUMENT', message };
      return outcomes.next().value ?? { refused: 'UNKNOWN', message: 'no answer for it' };
    });
  };
  return publish;
}
