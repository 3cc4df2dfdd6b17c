import { backoffMs, sleep } from '@nova/time';
import type { RelayContext } from './context.ts';
import { settledWithin } from './settled-within.ts';
import { type OpenWindow, openWindow } from './window.ts';

const PAUSE = { initialMs: 200, factor: 2, maxMs: 2000, jitter: 0.2 };
const LONGEST_WAIT_MS = 1000;

/**
 * The lanes that were left behind. What is still in work of them is waited for; then they read
 * their own gap, filtered by lane, in windows like those of the front, and go with the front again
 * when they are within one window of it. A lane that fails rests, the longer the oftener, and keeps
 * no other lane waiting.
 */
export async function runGap(context: RelayContext, stop: AbortSignal): Promise<void> {
  const { table, gapWork, frontWork, settings } = context;
  let pauses = 0;
  while (!stop.aborted) {
    if (table.rejoin()) frontWork.notify();
    const lanes = table.sendable('lagging');
    if (lanes.length === 0) {
      await gapWork.wait(table.untilRested(LONGEST_WAIT_MS), stop);
      continue;
    }
    let window: OpenWindow | undefined;
    try {
      window = await openWindow(context, lanes);
      pauses = 0;
    } catch (thrown) {
      // The front reads the same log and tells about it.
      context.meters.failed(thrown);
      pauses += 1;
      await sleep(backoffMs(PAUSE, pauses), stop);
      continue;
    }
    // At the head nothing is left that could have failed.
    if (window === undefined) for (const lane of lanes) table.moveTo(lane, lane.cursor);
    else await settledWithin(window.send.allSettled(), settings.slowSendMs, stop);
  }
}
