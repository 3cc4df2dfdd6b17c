import { Signal } from '@nova/time';

/** Resolves when `work` has settled, after `ms`, or when `stop` aborts: whichever comes first. */
export async function settledWithin(
  work: Promise<unknown>,
  ms: number,
  stop: AbortSignal,
): Promise<void> {
  const signal = new Signal();
  work.then(
    () => signal.notify(),
    () => signal.notify(),
  );
  await signal.wait(ms, stop);
}
