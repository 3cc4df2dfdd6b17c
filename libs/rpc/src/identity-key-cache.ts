import { messageOf, NovaError } from '@nova/errors';
import { loop, type Part, type Probe } from '@nova/lifecycle';
import type { Logger } from '@nova/telemetry';
import { type Clock, sleep } from '@nova/time';
import { errors } from './errors.ts';
import { parseKeySet, type SigningKey } from './identity-keys.ts';

/** How the keys are got and how long they are trusted to be the present ones. */
export interface KeyCacheOptions {
  /** Where the keys come from, for people. */
  readonly from: string;
  /** The text of the JWKS; rejects when it cannot be had. */
  load(): Promise<string>;
  readonly algorithms: readonly string[];
  readonly refreshMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A token that names an unknown key makes one look at most this often. */
const UNKNOWN_KEY_EVERY_MS = 10_000;
/** After a failed look the next one comes this soon. */
const AGAIN_AFTER_MS = 5_000;

/**
 * The present keys. They are looked at again and again; when that fails, those known go on being
 * used, and the process says so. Without any, nobody can be told: calls are UNAVAILABLE, and the
 * process is not ready.
 */
export class KeyCache {
  readonly #options: KeyCacheOptions;
  #keys: ReadonlyMap<string, SigningKey> = new Map();
  #problem: string | undefined = 'not loaded yet';
  #loading: Promise<void> | undefined;
  #unknownAskedAt = Number.NEGATIVE_INFINITY;
  /** Loads the keys, and again while it runs. */
  readonly part: Part;
  readonly probes: readonly Probe[];

  constructor(options: KeyCacheOptions) {
    this.#options = options;
    const rounds = loop(
      'identity keys',
      (signal) => this.#keepFresh(signal),
      () => {},
    );
    this.part = {
      ...rounds,
      start: async () => {
        await this.#refresh();
        await rounds.start();
      },
    };
    this.probes = [
      { name: 'identity keys', whenFailing: 'down', check: () => this.#check(this.#keys.size > 0) },
      {
        name: 'identity source',
        whenFailing: 'degraded',
        check: () => this.#check(this.#problem === undefined),
      },
    ];
  }

  /**
   * The key of this id; undefined when there is none, also after a look for newer ones.
   *
   * @throws RPC_IDENTITY_UNAVAILABLE when it is not known whether there is one.
   */
  async find(id: string): Promise<SigningKey | undefined> {
    const known = this.#keys.get(id);
    if (known !== undefined) return known;
    await this.#lookForUnknown();
    const found = this.#keys.get(id);
    if (found === undefined && this.#problem !== undefined) {
      throw new NovaError(errors.RPC_IDENTITY_UNAVAILABLE);
    }
    return found;
  }

  // Whoever makes up key ids must not make us ask all the time.
  async #lookForUnknown(): Promise<void> {
    if (this.#loading !== undefined) return await this.#loading;
    const now = this.#options.clock.monotonicMs();
    if (now - this.#unknownAskedAt < UNKNOWN_KEY_EVERY_MS) return;
    this.#unknownAskedAt = now;
    await this.#refresh();
  }

  // One at a time: who comes while one is under way waits for that.
  #refresh(): Promise<void> {
    this.#loading ??= this.#load().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  async #load(): Promise<void> {
    const { from, logger } = this.#options;
    const fields = { component: 'rpc', source: from };
    try {
      const set = await parseKeySet(await this.#options.load(), this.#options.algorithms);
      const before = [...this.#keys.keys()].join();
      this.#keys = set.keys;
      if (before !== [...set.keys.keys()].join()) {
        logger.info({ ...fields, count: set.keys.size }, 'keys of the identity source loaded');
        for (const reason of set.unusable) {
          logger.warn({ ...fields, reason }, 'a key of the identity source is not used');
        }
      }
      this.#problem = undefined;
    } catch (thrown) {
      const reason = messageOf(thrown);
      if (reason !== this.#problem) {
        logger.warn(
          { ...fields, reason, count: this.#keys.size },
          'keys of the identity source could not be loaded',
        );
      }
      this.#problem = reason;
    }
  }

  async #keepFresh(signal: AbortSignal): Promise<void> {
    const { refreshMs } = this.#options;
    while (!signal.aborted) {
      await sleep(
        this.#problem === undefined ? refreshMs : Math.min(refreshMs, AGAIN_AFTER_MS),
        signal,
      );
      if (!signal.aborted) await this.#refresh();
    }
  }

  async #check(fine: boolean): Promise<void> {
    if (fine) return;
    const rest = this.#keys.size === 0 ? 'none are known' : 'those known are used';
    throw new Error(`keys from ${this.#options.from}: ${this.#problem ?? 'missing'}; ${rest}`);
  }
}
