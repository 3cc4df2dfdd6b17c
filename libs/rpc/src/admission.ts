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

  /** Why a call of this caller is certain to be refused now, if it is. Counts nothing. */
  refusal(caller: Caller): NovaError | undefined {
    return this.#crowd(caller) ?? tooOften(this.#rateOf(caller)?.refusedForMs(caller.principal));
  }

  /** Counts a call as in work until the answer is called. @throws RPC_TOO_MANY_CALLS */
  enter(caller: Caller): () => void {
    const crowd = this.#crowd(caller);
    if (crowd !== undefined) throw crowd;
    const { principal } = caller;
    this.#all += 1;
    this.#byCaller.set(principal, (this.#byCaller.get(principal) ?? 0) + 1);
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
  async pace(caller: Caller): Promise<void> {
    const refused = tooOften(await this.#rateOf(caller)?.take(caller.principal));
    if (refused !== undefined) throw refused;
  }

  #rateOf({ roles }: Caller): RateLimiter | undefined {
    return roles.has('service') ? undefined : this.#rates;
  }

  #crowd({ principal }: Caller): NovaError | undefined {
    const { callsInFlight, callsPerCaller } = this.#limits;
    if (this.#all >= callsInFlight) return tooMany('all', callsInFlight);
    const own = this.#byCaller.get(principal) ?? 0;
    return own >= callsPerCaller ? tooMany("this caller's", callsPerCaller) : undefined;
  }
}

function tooOften(ms = 0): NovaError | undefined {
  return ms > 0 ? new NovaError(errors.RPC_RATE_EXCEEDED, { ms }, { retryAfterMs: ms }) : undefined;
}

function tooMany(whose: string, limit: number): NovaError {
  return new NovaError(errors.RPC_TOO_MANY_CALLS, { whose, limit }, { retryAfterMs: AGAIN_MS });
}
