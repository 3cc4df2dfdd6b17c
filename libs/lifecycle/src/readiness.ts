/** `down` makes the process not ready; `degraded` is visible but keeps it ready. */
export type Condition = 'ready' | 'degraded' | 'down';

/** How one dependency or part is doing. */
export interface PartHealth {
  readonly name: string;
  readonly condition: Condition;
  readonly reason: string;
}

/** What the process tells about itself. */
export interface Health {
  readonly condition: Condition;
  readonly parts: readonly PartHealth[];
}

const RANK: Record<Condition, number> = { ready: 0, degraded: 1, down: 2 };

/** Collects the health of parts; the whole is as bad as its worst part. */
export class Readiness {
  readonly #parts = new Map<string, PartHealth>();
  readonly #watchers = new Set<(health: Health) => void>();

  set(name: string, condition: Condition, reason = ''): void {
    const before = this.#parts.get(name);
    if (before?.condition === condition && before.reason === reason) return;
    this.#parts.set(name, { name, condition, reason });
    const health = this.health();
    for (const watcher of this.#watchers) watcher(health);
  }

  /** Parts sorted by name. */
  health(): Health {
    const parts = [...this.#parts.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    const worst = parts.reduce<Condition>(
      (sofar, part) => (RANK[part.condition] > RANK[sofar] ? part.condition : sofar),
      'ready',
    );
    return { condition: worst, parts };
  }

  /** Calls `watcher` at every change until the returned function is called. */
  watch(watcher: (health: Health) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }
}
