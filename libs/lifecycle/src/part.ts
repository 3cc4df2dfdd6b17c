/**
 * Anything that runs until it is stopped. The contract, proved for each part by
 * `partConformance` of this lib's testing entry:
 *
 *   start()  resolves when the part works; rejects when it cannot, leaving nothing running
 *   stop()   finishes what is in work, then resolves; harmless twice, and before start
 */
export interface Part {
  readonly name: string;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** What a started set of parts can do. */
export interface Running {
  /** Stops the parts in reverse order of their start. */
  stop(): Promise<void>;
}

/** Starts parts one after the other; when one fails, stops those already started and rethrows. */
export async function startAll(parts: readonly Part[]): Promise<Running> {
  const started: Part[] = [];
  try {
    for (const part of parts) {
      await part.start();
      started.push(part);
    }
  } catch (thrown) {
    await stopAll(started).catch(() => {});
    throw thrown;
  }
  return { stop: () => stopAll(started) };
}

async function stopAll(started: Part[]): Promise<void> {
  const failures: unknown[] = [];
  for (let part = started.pop(); part !== undefined; part = started.pop()) {
    await part.stop().catch((thrown: unknown) => failures.push(thrown));
  }
  if (failures.length > 0) throw new AggregateError(failures, 'some parts did not stop cleanly');
}
