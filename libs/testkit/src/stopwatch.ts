const TICK_MS = 10;
/** More than this between two ticks was somebody else's. */
const MOST_MS = 40;

let passedMs = 0;
let tickedAt = 0;
let isTicking = false;

/**
 * Time as this process got it: gaps in which it did not run, because others had the machine, count
 * as 40 ms at most. For bounds on what waits for timers and answers; not for what computes, whose
 * own gaps would not count either.
 */
export function stopwatch(): { ms(): number } {
  if (!isTicking) startTicking();
  const from = now();
  return { ms: () => now() - from };
}

function startTicking(): void {
  isTicking = true;
  tickedAt = performance.now();
  setInterval(tick, TICK_MS).unref();
}

function tick(): void {
  passedMs = now();
  tickedAt = performance.now();
}

function now(): number {
  return passedMs + Math.min(performance.now() - tickedAt, MOST_MS);
}
