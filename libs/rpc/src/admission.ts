import { NovaError } from '@nova/errors';
import type { Caller } from './caller.ts';
import { errors } from './errors.ts';
import type { Limits } from './limits.ts';
import type { RateLimiter } from './rate-limit.ts';

/** When a caller who was refused for too many calls in work should try again. */
const AGAIN_MS = 100;

/**
 * Which calls of identified callers a server takes into work. Refusing costs little, and what one
 * caller may not have is there for the others.
 */
export class Admission {
  readonly #limits: Pick<Limits, 'callsInFlight' | 'callsPerCaller'>;
  readonly #rates: RateLimiter | undefined;
  readonly #byCaller = new Map<string, number>();
  #all = 0;

  constructor(
    limits: Pick<Limits, 'callsInFlight' | 'callsPerCaller'>,
    rates: RateLimiter | undefined,
  ) {
    this.#limits = limits;
    this.#rates = rates;
  }

  /** Counts a call as in work until the answer is called. @throws RPC_TOO_MANY_CALLS */
  enter({ principal }: Caller): () => void {
    const { callsInFlight, callsPerCaller } = this.#limits;
    const own = this.#byCaller.get(principal) ?? 0;
    if (this.#all >= callsInFlight) throw tooMany('all', callsInFlight);
    if (own >= callsPerCaller) throw tooMany("this caller's", callsPerCaller);
    this.#all += 1;
    this.#byCaller.set(principal, own + 1);
    let isIn = true;
    return () => {
      if (!isIn) return;
      isIn = false;
      this.#all -= 1;
      const left = (this.#byCaller.get(principal) ?? 1) - 1;
      if (left === 0) this.#byCaller.delete(principal);
      else this.#byCaller.set(principal, left);
    };
  }

  /** Refuses a caller who calls too often. Services call for others. @throws RPC_RATE_EXCEEDED */
  async pace({ principal, roles }: Caller): Promise<void> {
    if (this.#rates === undefined || roles.has('service')) return;
    const ms = await this.#rates.take(principal);
    if (ms > 0) throw new NovaError(errors.RPC_RATE_EXCEEDED, { ms }, { retryAfterMs: ms });
  }
}

function tooMany(whose: string, limit: number): NovaError {
  return new NovaError(errors.RPC_TOO_MANY_CALLS, { whose, limit }, { retryAfterMs: AGAIN_MS });
}
