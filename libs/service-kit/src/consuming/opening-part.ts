import { isNovaError } from '@nova/errors';
import type { Part } from '@nova/lifecycle';
import type { Logger } from '@nova/telemetry';
import { type Backoff, backoffMs, sleep } from '@nova/time';

const AGAIN: Backoff = { initialMs: 200, factor: 2, maxMs: 5000, jitter: 0.2 };

/**
 * A part that can only start once its database is there. When it is away, `start` resolves all the
 * same and goes on trying, so that the process can tell meanwhile what it waits for.
 *
 * @param prepare may be repeated; what it rejects with for good ends the start, or crashes later
 */
export function openingPart(
  part: Part,
  ports: {
    readonly prepare: () => Promise<void>;
    readonly crash: (thrown: unknown) => void;
    readonly logger: Logger;
  },
): Part {
  const { prepare, crash, logger } = ports;
  let stopping = new AbortController();
  let opening: Promise<void> = Promise.resolve();
  const open = async () => {
    await prepare();
    await part.start();
  };
  const goOn = async (signal: AbortSignal) => {
    for (let attempt = 1; !signal.aborted; attempt += 1) {
      await sleep(backoffMs(AGAIN, attempt), signal);
      if (signal.aborted) return;
      try {
        await open();
        return;
      } catch (thrown) {
        if (!isPassing(thrown)) throw thrown;
      }
    }
  };
  return {
    name: part.name,
    async start() {
      stopping = new AbortController();
      try {
        await open();
      } catch (thrown) {
        if (!isPassing(thrown)) throw thrown;
        logger.warn({ component: 'service-kit', err: thrown }, 'start waits for the database');
        opening = goOn(stopping.signal).catch(crash);
      }
    },
    async stop() {
      stopping.abort();
      await opening;
      await part.stop();
    },
  };
}

function isPassing(thrown: unknown): boolean {
  return isNovaError(thrown) && thrown.kind.retry !== 'never';
}
