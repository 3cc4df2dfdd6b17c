import type { Clock } from '@nova/time';
import type { LogSource } from './find-logs.ts';
import { type ImportContext, importFile } from './import-file.ts';
import type { PublishBatch } from './publisher.ts';
import { Tally } from './tally.ts';

/** Files side by side. Each has one batch in flight; events-service joins them into its commits. */
const FILES_AT_ONCE = 6;

/** How an import ended. */
export interface ImportResult {
  readonly tally: Tally;
  readonly ms: number;
  /** Stopped before everything was sent. */
  readonly interrupted: boolean;
  /** What ended it early, when that was no wish. */
  readonly failure: unknown;
}

/** What an import needs. */
export interface ImportTask {
  readonly sources: readonly LogSource[];
  readonly publish: PublishBatch;
  readonly date: string | undefined;
  readonly clock: Clock;
  /** Aborted: batches in flight are finished, then it ends. */
  readonly signal: AbortSignal;
  onProgress(tally: Tally): void;
}

/** Imports files, some side by side. Never rejects: a failure is part of the result. */
export async function importLogs(task: ImportTask): Promise<ImportResult> {
  const startedMs = task.clock.monotonicMs();
  const tally = new Tally();
  const stop = new AbortController();
  const signal = AbortSignal.any([task.signal, stop.signal]);
  const context: ImportContext = {
    publish: task.publish,
    tally,
    date: task.date,
    signal,
    progressed: () => task.onProgress(tally),
  };
  let failure: unknown;
  const waiting = task.sources.values();
  const work = async () => {
    // Workers share the iterator: each takes the next file that nobody has.
    for (const source of waiting) {
      if (signal.aborted) return;
      await importFile(source, context);
    }
  };
  const workers = Array.from({ length: FILES_AT_ONCE }, () =>
    work().catch((thrown: unknown) => {
      // After Ctrl-C a batch is tried once more and no further: what it fails with is no news.
      if (!task.signal.aborted) failure ??= thrown;
      stop.abort();
    }),
  );
  await Promise.all(workers);
  const ms = task.clock.monotonicMs() - startedMs;
  return { tally, ms, interrupted: task.signal.aborted, failure };
}
