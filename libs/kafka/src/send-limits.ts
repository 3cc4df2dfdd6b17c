import type { Clock } from '@nova/time';
import { SEND_LIMIT_BYTES } from './options.ts';

const REMEMBERED_MS = 60_000;
const LEAST_BYTES = 1024;

/**
 * How many bytes a send to a topic may have: less than usual for a minute after its brokers have
 * refused one for its size, since somebody has lowered the limit of the topic.
 */
export class SendLimits {
  readonly #clock: Clock;
  readonly #lowered = new Map<string, { readonly bytes: number; readonly untilMs: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  of(topic: string): number {
    const lowered = this.#lowered.get(topic);
    if (lowered === undefined) return SEND_LIMIT_BYTES;
    if (lowered.untilMs > this.#clock.monotonicMs()) return lowered.bytes;
    this.#lowered.delete(topic);
    return SEND_LIMIT_BYTES;
  }

  /** A send of this size was refused; the next ones have half of it at most. */
  lower(topic: string, refusedBytes: number): void {
    const bytes = Math.max(LEAST_BYTES, Math.floor(refusedBytes / 2));
    const untilMs = this.#clock.monotonicMs() + REMEMBERED_MS;
    this.#lowered.set(topic, { bytes, untilMs });
  }
}
