import type { Clock } from '@nova/time';

/** How many calls one caller may make. */
export interface Rate {
  readonly perSecond: number;
  /** Calls that may come at once after a pause. */
  readonly burst: number;
}

/** Says who may call now. */
export interface RateLimiter {
  /**
   * Counts a call of a caller that may be made, and answers 0; else milliseconds until one may be.
   * Never rejects, and answers in bounded time.
   */
  take(principal: string): Promise<number>;
  /** Milliseconds for which a caller is certain to be refused; 0 when only `take` can say. Counts nothing. */
  refusedForMs(principal: string): number;
}

/** Callers that are remembered, at most; one who is forgotten may call as after a pause. */
const MOST_CALLERS = 10_000;
/** How long a shared limiter that fails is left alone. */
const LEFT_ALONE_MS = 1000;

/**
 * Limits callers of this process. For each caller one time is kept: when its calls so far would have
 * been used up at the allowed rate. A call is refused while that is further ahead than the burst.
 */
export function localRateLimiter({ perSecond, burst }: Rate, clock: Clock): RateLimiter {
  const spacingMs = 1000 / perSecond;
  const aheadMs = (burst - 1) * spacingMs;
  const usedUpAt = new Map<string, number>();
  const refusedForMs = (principal: string) => {
    const usedUp = usedUpAt.get(principal);
    if (usedUp === undefined) return 0;
    return Math.max(0, Math.ceil(usedUp - clock.monotonicMs() - aheadMs));
  };
  return {
    refusedForMs,
    take(principal) {
      const waitMs = refusedForMs(principal);
      if (waitMs > 0) return Promise.resolve(waitMs);
      const now = clock.monotonicMs();
      const known = Math.max(now, usedUpAt.get(principal) ?? now);
      // Set anew, so that the order of the map is that of the last calls.
      usedUpAt.delete(principal);
      usedUpAt.set(principal, known + spacingMs);
      forgetOldest(usedUpAt);
      return Promise.resolve(0);
    },
  };
}

function forgetOldest(callers: Map<string, number>): void {
  if (callers.size <= MOST_CALLERS) return;
  for (const [oldest] of callers) {
    callers.delete(oldest);
    return;
  }
}

/**
 * Limits callers of all instances together, by a limiter that they share. While that fails it is left
 * alone for a second at a time, and each instance limits by itself: callers then have up to the rate
 * on each of them, and none is refused because the limiter is away.
 */
export function sharedRateLimiter(
  shared: { take(principal: string): Promise<number> },
  local: RateLimiter,
  clock: Clock,
): RateLimiter {
  let leftAloneUntil = 0;
  /** Until when a caller is refused, as the shared limiter has said. */
  const refusedUntil = new Map<string, number>();
  const taken = (principal: string, waitMs: number) => {
    refusedUntil.delete(principal);
    if (waitMs > 0) refusedUntil.set(principal, clock.monotonicMs() + waitMs);
    forgetOldest(refusedUntil);
    return waitMs;
  };
  return {
    refusedForMs(principal) {
      if (clock.monotonicMs() < leftAloneUntil) return local.refusedForMs(principal);
      return Math.max(0, Math.ceil((refusedUntil.get(principal) ?? 0) - clock.monotonicMs()));
    },
    async take(principal) {
      if (clock.monotonicMs() >= leftAloneUntil) {
        try {
          return taken(principal, await shared.take(principal));
        } catch {
          leftAloneUntil = clock.monotonicMs() + LEFT_ALONE_MS;
        }
      }
      return local.take(principal);
    },
  };
}
