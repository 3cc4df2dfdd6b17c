import { backoffMs, sleep } from '@nova/time';
import type { RelayContext } from './context.ts';
import type { Lane } from './lane.ts';
import { settledWithin } from './settled-within.ts';
import { type OpenWindow, openWindow } from './window.ts';
import { readWindow, type WindowRead } from './window-read.ts';

/** What the front does next: read on, wait for news, or try again after a pause. */
type Pace = 'more' | 'wait' | 'pause';

const PAUSE = { initialMs: 100, factor: 2, maxMs: 2000, jitter: 0.2 };

/**
 * The common front: all lanes that are caught up read one window together and move together.
 *
 *   everything acknowledged          the lanes move on
 *   some, or too slow                the others move on; these are left behind (see gap.ts)
 *   nothing of several partitions,
 *   or nothing twice in a row        Kafka is down: wait for the sends, pause, send the same again
 *
 * While one window is sent the next one is read, where there is more: PostgreSQL and Kafka are waited
 * for at the same time.
 */
export class Front {
  readonly #context: RelayContext;
  /** Windows in a row of which nothing was acknowledged. */
  #barren = 0;
  #pauses = 0;
  #ahead: WindowRead | undefined;

  constructor(context: RelayContext) {
    this.#context = context;
  }

  async run(stop: AbortSignal): Promise<void> {
    const { clock, settings, frontWork } = this.#context;
    while (!stop.aborted) {
      const startedAt = clock.monotonicMs();
      const pace = await this.#step(stop);
      if (pace === 'more') continue;
      if (pace === 'pause') {
        this.#pauses += 1;
        await sleep(backoffMs(PAUSE, this.#pauses), stop);
        continue;
      }
      this.#pauses = 0;
      await frontWork.wait(settings.pollIntervalMs, stop);
      await sleep(startedAt + settings.minWindowGapMs - clock.monotonicMs(), stop);
    }
    await this.#ahead?.window.catch(() => {});
  }

  async #step(stop: AbortSignal): Promise<Pace> {
    const { table, meters, logger, settings } = this.#context;
    const lanes = table.sendable('front');
    if (lanes.length === 0) return 'wait';
    const ahead = this.#ahead;
    this.#ahead = undefined;
    let window: OpenWindow | undefined;
    try {
      window = await openWindow(this.#context, lanes, ahead);
    } catch (thrown) {
      meters.failed(thrown);
      if (meters.trouble('database', thrown)) logger.warn({ err: thrown }, 'log cannot be read');
      return 'pause';
    }
    if (meters.over('database')) logger.info({}, 'log can be read again');
    if (window === undefined) return 'wait';
    const { scanned, head } = window;
    if (scanned < head && this.#barren === 0) {
      this.#ahead = readWindow(this.#context, lanes, scanned, head);
    }
    await settledWithin(window.send.allSettled(), settings.slowSendMs, stop);
    return this.#judge(window, stop);
  }

  async #judge(window: OpenWindow, stop: AbortSignal): Promise<Pace> {
    const { send } = window;
    const involved = send.lanes();
    const missing = involved.filter((lane) => send.outcomeOf(lane) !== 'acknowledged');
    const isBarren = involved.length > 0 && missing.length === involved.length;
    if (stop.aborted) return 'wait';
    if (isBarren && (this.#barren > 0 || send.isSpread())) {
      return this.#endure(window, stop);
    }
    if (isBarren) this.#barren = 1;
    else if (involved.length > 0) this.#barren = 0;
    if (missing.length > 0) this.#leaveBehind(missing, window);
    return window.scanned < window.head ? 'more' : 'wait';
  }

  #leaveBehind(missing: readonly Lane[], { send }: OpenWindow): void {
    const { table, gapWork, logger } = this.#context;
    for (const lane of missing) {
      lane.mode = 'lagging';
      if (send.outcomeOf(lane) === 'failed') table.rest(lane);
    }
    gapWork.notify();
    logger.warn(
      {
        lanes: missing.length,
        outcome: send.failure === undefined ? 'slow' : 'failed',
        err: send.failure,
      },
      'lanes left behind by the front',
    );
  }

  async #endure({ send }: OpenWindow, stop: AbortSignal): Promise<Pace> {
    const { meters, logger } = this.#context;
    this.#barren += 1;
    if (meters.trouble('kafka', send.failure)) {
      logger.warn({ err: send.failure }, 'kafka takes no events, they wait in the log');
    }
    // A send settles within a deadline of its own; nothing is sent again before that.
    while (!stop.aborted && send.lanes().some((lane) => send.outcomeOf(lane) === 'open')) {
      await settledWithin(send.allSettled(), 1000, stop);
    }
    if (send.lanes().every((lane) => send.outcomeOf(lane) !== 'acknowledged')) {
      meters.trouble('kafka', send.failure);
      return 'pause';
    }
    this.#barren = 0;
    this.#pauses = 0;
    return 'more';
  }
}
