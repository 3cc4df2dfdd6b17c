import { contentHash, eventOf, numberIn, type Workload } from './workload.ts';

/** What was wrong with what arrived. */
export interface Verdict {
  readonly lost: number;
  readonly doubled: number;
  readonly reordered: number;
  /** Records whose type, key or payload is not that of their event, or which belong to none. */
  readonly changed: number;
}

/**
 * Looks at what arrived and knows what should have: every event of a workload once, the events of one
 * aggregate and type in order, each with its own bytes. It shares no code with what is measured but
 * the reading of topics.
 */
export class Oracle {
  readonly #workload: Workload;
  readonly #seen: Uint8Array;
  readonly #last = new Map<string, number>();
  #arrived = 0;
  #doubled = 0;
  #reordered = 0;
  #changed = 0;

  constructor(workload: Workload) {
    this.#workload = workload;
    this.#seen = new Uint8Array(workload.events);
  }

  /** Number of different events that arrived. */
  get arrived(): number {
    return this.#arrived;
  }

  /** A record, in the order of its partition. */
  see(eventType: string, key: string, payload: Uint8Array): void {
    const n = numberIn(payload);
    if (n === undefined || n >= this.#workload.events) {
      this.#changed += 1;
      return;
    }
    const event = eventOf(this.#workload, n);
    const wanted = contentHash(event.eventType, event.aggregateId, event.payload);
    if (contentHash(eventType, key, payload) !== wanted) this.#changed += 1;
    if (this.#seen[n] === 1) {
      this.#doubled += 1;
      return;
    }
    this.#seen[n] = 1;
    this.#arrived += 1;
    const name = `${eventType} ${key}`;
    if (n < (this.#last.get(name) ?? -1)) this.#reordered += 1;
    else this.#last.set(name, n);
  }

  verdict(): Verdict {
    return {
      lost: this.#workload.events - this.#arrived,
      doubled: this.#doubled,
      reordered: this.#reordered,
      changed: this.#changed,
    };
  }
}

/** The verdict in words; undefined when nothing was wrong. `doubled` may be allowed: after a kill. */
export function wrongIn(verdict: Verdict, mayDouble = false): string | undefined {
  const faults = Object.entries(verdict).filter(
    ([fault, count]) => count > 0 && !(mayDouble && fault === 'doubled'),
  );
  if (faults.length === 0) return undefined;
  return faults.map(([fault, count]) => `${count} ${fault}`).join(', ');
}
