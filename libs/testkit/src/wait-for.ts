import { messageOf } from '@nova/errors';
import { sleep } from '@nova/time';
import { stopwatch } from './stopwatch.ts';

/** How long to wait, and for what: the words are the error. */
export interface WaitOptions {
  readonly withinMs: number;
  readonly what: string;
  /** 20 ms by default. */
  readonly everyMs?: number;
}

/**
 * Asks `condition` again and again until it returns something other than false or undefined, and
 * returns that. A condition that throws (a failing `expect`, a refused connection) is not yet met. The
 * time is that of {@link stopwatch}: what others take of the machine is not the condition's fault.
 *
 * @throws Error naming `what` and the last reason, once the time is over.
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  { withinMs, what, everyMs = 20 }: WaitOptions,
): Promise<Exclude<Awaited<T>, false | undefined>> {
  const watch = stopwatch();
  for (;;) {
    let failure: unknown;
    try {
      const result = await condition();
      // What is left of the type once these two are gone, which narrowing cannot tell of T.
      if (result !== false && result !== undefined) {
        return result as Exclude<Awaited<T>, false | undefined>;
      }
    } catch (thrown) {
      failure = thrown;
    }
    if (watch.ms() >= withinMs) {
      const reason = failure === undefined ? '' : `: ${messageOf(failure)}`;
      throw new Error(`${what} did not come within ${withinMs} ms${reason}`, { cause: failure });
    }
    await sleep(everyMs);
  }
}
