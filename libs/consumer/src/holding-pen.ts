import type { Delivery } from './delivery.ts';
import type { Predecessor } from './order-guard.ts';
import type { HeldBack } from './round.ts';

interface Held {
  deliveries: readonly Delivery[];
  missing: Predecessor;
  appliedVersion: bigint;
  readonly sinceMs: number;
}

/**
 * Deliveries that came before an earlier event of their aggregate. Only that aggregate waits; it is
 * judged again whenever more of it arrives, and at the latest when its wait is over. Pure memory.
 */
export class HoldingPen {
  readonly #held = new Map<string, Held>();
  readonly #holdMs: number;
  readonly #graceMs: number;

  /**
   * @param holdMs longest wait
   * @param graceMs least wait, also where the predecessor's partition has nothing more to read: the
   *   relay sends the partitions side by side
   */
  constructor(holdMs: number, graceMs: number) {
    this.#holdMs = holdMs;
    this.#graceMs = Math.min(graceMs, holdMs);
  }

  size(): number {
    return this.#held.size;
  }

  has(aggregate: string): boolean {
    return this.#held.has(aggregate);
  }

  /** Version up to which a held aggregate was applied when it was judged last. */
  appliedVersion(aggregate: string): bigint {
    return this.#held.get(aggregate)?.appliedVersion ?? 0n;
  }

  /** Aggregates whose wait is over. */
  due(nowMs: number, isDrained: (missing: Predecessor, held: Delivery) => boolean): Set<string> {
    const due = new Set<string>();
    for (const [aggregate, { sinceMs, missing, deliveries }] of this.#held) {
      const waitedMs = nowMs - sinceMs;
      const [first] = deliveries;
      if (first === undefined || waitedMs < this.#graceMs) continue;
      if (waitedMs >= this.#holdMs || isDrained(missing, first)) due.add(aggregate);
    }
    return due;
  }

  /** Milliseconds until something may be due, at most `longestMs`. */
  untilDue(nowMs: number, longestMs: number): number {
    let least = longestMs;
    for (const { sinceMs } of this.#held.values()) {
      const waitedMs = nowMs - sinceMs;
      const limitMs = waitedMs < this.#graceMs ? this.#graceMs : this.#holdMs;
      least = Math.min(least, Math.max(1, limitMs - waitedMs));
    }
    return least;
  }

  /** What is held of an aggregate; it stays in the pen until {@link judged}. */
  deliveriesOf(aggregate: string): readonly Delivery[] {
    return this.#held.get(aggregate)?.deliveries ?? [];
  }

  /** Takes over a round's verdict: of its aggregates, exactly these deliveries are held now. */
  judged(aggregates: Iterable<string>, heldBack: readonly HeldBack[], nowMs: number): void {
    const since = new Map<string, number>();
    for (const aggregate of aggregates) {
      const known = this.#held.get(aggregate);
      if (known === undefined) continue;
      since.set(aggregate, known.sinceMs);
      this.#remove(aggregate);
    }
    for (const { aggregate, deliveries, missing, appliedVersion } of heldBack) {
      const kept = deliveries.filter(({ entry }) => entry !== undefined);
      if (kept.length === 0) continue;
      const sinceMs = since.get(aggregate) ?? nowMs;
      this.#held.set(aggregate, { deliveries: kept, missing, appliedVersion, sinceMs });
      for (const { entry } of kept) if (entry !== undefined) entry.partition.heldCount += 1;
    }
  }

  /** Forgets deliveries of partitions that are no longer this member's. */
  dropRevoked(): void {
    for (const [aggregate, held] of this.#held) {
      const kept = held.deliveries.filter(({ entry }) => entry?.partition.isAssigned === true);
      if (kept.length === held.deliveries.length) continue;
      this.#remove(aggregate);
      if (kept.length === 0) continue;
      this.#held.set(aggregate, { ...held, deliveries: kept });
      for (const { entry } of kept) if (entry !== undefined) entry.partition.heldCount += 1;
    }
  }

  #remove(aggregate: string): void {
    for (const { entry } of this.#held.get(aggregate)?.deliveries ?? []) {
      if (entry !== undefined) entry.partition.heldCount -= 1;
    }
    this.#held.delete(aggregate);
  }
}
