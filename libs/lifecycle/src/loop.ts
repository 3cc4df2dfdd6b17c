import type { Part } from './part.ts';

/**
 * A part that runs `body` until it is stopped. `body` must return soon after `signal` aborts;
 * when it throws, `onCrash` is told once and the loop is over.
 */
export function loop(
  name: string,
  body: (signal: AbortSignal) => Promise<void>,
  onCrash: (thrown: unknown) => void,
): Part {
  let controller: AbortController | undefined;
  let finished: Promise<void> = Promise.resolve();
  return {
    name,
    start() {
      if (controller !== undefined) return Promise.resolve();
      controller = new AbortController();
      finished = body(controller.signal).catch(onCrash);
      return Promise.resolve();
    },
    async stop() {
      controller?.abort();
      await finished;
      controller = undefined;
    },
  };
}
