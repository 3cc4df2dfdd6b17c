import { parsePosition } from '@nova/events';
import type { Event } from '@nova/proto/gen/events/event_pb';

/** Where an event is, as far as a consumer is asked about it. */
export type PlacedEvent = Pick<
  Event,
  'eventType' | 'aggregateType' | 'aggregateId' | 'aggregateVersion'
>;

/**
 * Of all events that were answered for, the last one of each partition of each topic: a consumer that
 * has applied these has had all before them.
 */
export class LastEvents {
  readonly #last = new Map<string, { readonly position: bigint; readonly event: PlacedEvent }>();

  note(event: Event): void {
    const position = parsePosition(event.position)?.position ?? 0n;
    const place = `${event.topic}/${event.partition}`;
    const known = this.#last.get(place);
    if (known !== undefined && known.position >= position) return;
    const { eventType, aggregateType, aggregateId, aggregateVersion } = event;
    this.#last.set(place, {
      position,
      event: { eventType, aggregateType, aggregateId, aggregateVersion },
    });
  }

  all(): readonly PlacedEvent[] {
    return [...this.#last.values()].map(({ event }) => event);
  }
}
