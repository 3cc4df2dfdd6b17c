import type { AppendUnit } from '@nova/outbox';

/** One statement takes at most this much; a unit alone may have 500 events and 1 MiB. */
const MAX_UNITS = 128;
const MAX_EVENTS = 1_000;
const MAX_BYTES = 4 * 1024 * 1024;
/** More than this waiting means that the database does not keep up. */
const MAX_WAITING = 2_000;
const MAX_WAITING_BYTES = 64 * 1024 * 1024;

/** What a unit counts for. */
export interface UnitSize {
  readonly events: number;
  readonly bytes: number;
}

/** The size of a unit: its events and their payloads. */
export function sizeOf({ events }: AppendUnit): UnitSize {
  return {
    events: events.length,
    bytes: events.reduce((sum, { payload }) => sum + payload.length, 0),
  };
}

/** Someone who waits, until it goes away or its statement has come. */
interface InLine extends UnitSize {
  readonly signal: AbortSignal;
  readonly reject: (thrown: unknown) => void;
}

/** The units that wait for a statement, in the order in which they came. */
export class Line<W extends InLine> {
  #waiting: W[] = [];
  #events = 0;
  #bytes = 0;
  #moved: PromiseWithResolvers<void> | undefined;

  get length(): number {
    return this.#waiting.length;
  }

  hasRoom(bytes: number): boolean {
    return this.#waiting.length < MAX_WAITING && this.#bytes + bytes <= MAX_WAITING_BYTES;
  }

  add(one: W): void {
    this.#waiting.push(one);
    this.#count(one, 1);
  }

  /** How many statements it takes until a unit of this size, added now, has had its own. */
  statements({ events, bytes }: UnitSize): number {
    return Math.max(
      Math.ceil((this.#waiting.length + 1) / MAX_UNITS),
      Math.ceil((this.#events + events) / MAX_EVENTS),
      Math.ceil((this.#bytes + bytes) / MAX_BYTES),
    );
  }

  /** The next units in order, without those whose caller has gone; at least one of the others. */
  takeBatch(): W[] {
    const batch: W[] = [];
    let events = 0;
    let bytes = 0;
    let taken = 0;
    for (const next of this.#waiting) {
      const isFull =
        batch.length >= MAX_UNITS ||
        events + next.events > MAX_EVENTS ||
        bytes + next.bytes > MAX_BYTES;
      if (batch.length > 0 && isFull) break;
      taken += 1;
      this.#count(next, -1);
      if (next.signal.aborted) {
        next.reject(next.signal.reason);
        continue;
      }
      batch.push(next);
      events += next.events;
      bytes += next.bytes;
    }
    this.#waiting.splice(0, taken);
    this.#tell();
    return batch;
  }

  /** Removes all that wait, and answers with them. */
  clear(): readonly W[] {
    const all = this.#waiting;
    this.#waiting = [];
    this.#events = 0;
    this.#bytes = 0;
    this.#tell();
    return all;
  }

  /** Resolves when some have left the line, or `signal` aborts. */
  async moved(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    this.#moved ??= Promise.withResolvers();
    const { promise } = this.#moved;
    const gone = Promise.withResolvers<void>();
    const leave = () => gone.resolve();
    signal.addEventListener('abort', leave, { once: true });
    await Promise.race([promise, gone.promise]);
    signal.removeEventListener('abort', leave);
  }

  #tell(): void {
    this.#moved?.resolve();
    this.#moved = undefined;
  }

  #count(one: UnitSize, sign: 1 | -1): void {
    this.#events += sign * one.events;
    this.#bytes += sign * one.bytes;
  }
}
