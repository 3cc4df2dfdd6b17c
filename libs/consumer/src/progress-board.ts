import type { Delivery } from './delivery.ts';

const MOST_REMEMBERED = 20_000;

/** What this process has applied of late, so that whoever waits for it need not ask the database. */
export class ProgressBoard {
  readonly #versions = new Map<string, bigint>();
  readonly #watchers = new Set<() => void>();

  /** Notes what a committed round has applied, in order. */
  applied(deliveries: readonly Delivery[]): void {
    if (deliveries.length === 0) return;
    for (const { aggregate, event } of deliveries) {
      this.#versions.delete(aggregate);
      this.#versions.set(aggregate, event.aggregateVersion);
    }
    for (const oldest of this.#versions.keys()) {
      if (this.#versions.size <= MOST_REMEMBERED) break;
      this.#versions.delete(oldest);
    }
    this.changed();
  }

  /** Lets everybody who waits look again. */
  changed(): void {
    for (const watcher of this.#watchers) watcher();
  }

  /** Forgets everything: another generation serves, or marks were lost. */
  clear(): void {
    this.#versions.clear();
    this.changed();
  }

  versionOf(aggregate: string): bigint | undefined {
    return this.#versions.get(aggregate);
  }

  /** Calls `watcher` after every change until the returned function is called. */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }
}
