import type { MessageFields } from './implement.ts';
import type { ResponseWriter } from './response-writer.ts';

/**
 * Sends what a method yields until it ends or the call does. The method is told to stop but never
 * waited for: it may be stuck in something that does not listen to the signal. What goes wrong is
 * told to `fail` first, so that the signal says why, and then thrown on.
 */
export async function pump(
  answers: AsyncIterable<MessageFields>,
  signal: AbortSignal,
  writer: ResponseWriter,
  fail: (thrown: unknown) => void,
): Promise<void> {
  const iterator = answers[Symbol.asyncIterator]();
  let stop: (() => void) | undefined;
  let ended = false;
  const onAbort = () => stop?.();
  signal.addEventListener('abort', onAbort, { once: true });
  // One promise per answer, not one race for all: reactions of a race that is never won pile up.
  const next = () =>
    new Promise<IteratorResult<MessageFields> | undefined>((resolve, reject) => {
      stop = () => resolve(undefined);
      iterator.next().then(resolve, reject);
    });
  try {
    // What is yielded first may be long in coming: the caller learns now that the call is accepted.
    writer.start();
    while (!signal.aborted) {
      const result = await next();
      ended = result?.done === true;
      if (result === undefined || result.done === true) return;
      await writer.send(result.value);
    }
  } catch (thrown) {
    fail(thrown);
    throw thrown;
  } finally {
    signal.removeEventListener('abort', onAbort);
    // Runs the method's own finally blocks; what they throw has no one left to hear it.
    if (!ended) iterator.return?.().then(undefined, () => {});
  }
}
