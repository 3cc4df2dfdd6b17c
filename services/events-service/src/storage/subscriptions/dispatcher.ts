import { isNovaError, messageOf, NovaError } from '@nova/errors';
import { formatPosition } from '@nova/events';
import type { Database } from '@nova/postgres';
import type { Logger } from '@nova/telemetry';
import { type Clock, Signal, sleep } from '@nova/time';
import type { KeptSubscription } from '../../domain/subscription.ts';
import { errors } from '../../errors.ts';
import { type LeftSession, type RoundResult, round } from './round.ts';
import type { ConsumerSession } from './session.ts';
import type { Settlement } from './settle.ts';

/** Without any news a round is made this often: sessions are renewed, other instances heard of. */
const ROUND_MS = 1_000;
/** The same while consumers of other instances may leave something for ours. */
const SHARED_ROUND_MS = 250;
/** Pause after a round that failed. */
const TROUBLE_MS = 500;
/** What one round stores of what consumers said. */
const MOST_SETTLEMENTS = 2_000;

/** What dispatchers work with. */
export interface DispatcherOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * One subscription at this instance, as long as it has consumers here: makes a round whenever a
 * consumer says something, the log grows or something is due. While a round is in work what is said
 * gathers for the next, so many acknowledgements share a commit.
 *
 * A round that fails is made again: what was said is kept, and consumers only wait meanwhile.
 */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #subscription: KeptSubscription;
  readonly #sessions = new Map<string, ConsumerSession>();
  readonly #news = new Signal();
  #said: Settlement[] = [];
  #left: LeftSession[] = [];
  #turn = 0;
  #isTroubled = false;
  /** What the log has not been looked at for, as far as this instance knows; and when it was last. */
  #mayHaveMore = true;
  #lookedAtMs = 0;
  #running: Promise<void> | undefined;
  readonly #stop = new AbortController();

  constructor(options: DispatcherOptions, subscription: KeptSubscription) {
    this.#options = options;
    this.#subscription = subscription;
  }

  /** A consumer has come. */
  join(session: ConsumerSession): void {
    this.#sessions.set(session.id, session);
    this.wake();
    this.#start();
  }

  /** A consumer said something about events that are out to it. */
  say(settlements: readonly Settlement[]): void {
    this.#said.push(...settlements);
    this.wake();
  }

  /** Makes a round soon. */
  wake(): void {
    this.#news.notify();
  }

  /** Something about the subscription was changed: makes a round soon, and looks at everything. */
  changed(): void {
    this.#mayHaveMore = true;
    this.wake();
  }

  /** The log has grown; nobody can have anything of it while all have as much as they may. */
  grown(): void {
    this.#mayHaveMore = true;
    if ([...this.#sessions.values()].some(({ hasRoom }) => hasRoom)) this.wake();
  }

  /** A consumer has gone; in order, when no attempt may count of what it had. */
  leave(session: ConsumerSession, inOrder: boolean): void {
    if (!this.#sessions.delete(session.id)) return;
    this.#left.push({ id: session.id, counted: inOrder ? [] : session.unsettled });
    this.wake();
  }

  /** Stores what was said and gives everything back. */
  async stop(): Promise<void> {
    this.#stop.abort();
    for (const session of [...this.#sessions.values()]) this.leave(session, true);
    await this.#running;
  }

  /** Nobody consumes here, and nothing is left to be stored. */
  get isIdle(): boolean {
    return this.#running === undefined && !this.#hasWork;
  }

  get #hasWork(): boolean {
    return this.#sessions.size > 0 || this.#left.length > 0 || this.#said.length > 0;
  }

  #start(): void {
    if (this.#running !== undefined) return;
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
      // Somebody may have come while it ended.
      if (this.#hasWork && !this.#stop.signal.aborted) this.#start();
    });
  }

  async #run(): Promise<void> {
    while (this.#hasWork) {
      const waitMs = await this.#round().catch((thrown: unknown) => this.#trouble(thrown));
      if (waitMs > 0 && this.#hasWork) await this.#news.wait(waitMs, this.#stop.signal);
      // Without the database nothing more can be stored: sessions run out by themselves.
      if (this.#stop.signal.aborted && this.#isTroubled) return;
    }
  }

  /** One round; answers how long the next may wait. */
  async #round(): Promise<number> {
    const said = this.#said.splice(0, MOST_SETTLEMENTS);
    const left = this.#left.splice(0);
    const sessions = [...this.#sessions.values()];
    const nowMs = this.#options.clock.monotonicMs();
    // A notification may have been lost, and other instances ask for replays, too.
    const mayHaveMore = this.#mayHaveMore || nowMs - this.#lookedAtMs >= ROUND_MS;
    this.#mayHaveMore = false;
    try {
      const result = await round(this.#options.database, {
        subscriptionId: this.#subscription.id,
        sessions: sessions.map(({ own }) => own),
        left,
        settlements: said,
        turn: this.#turn,
        mayHaveMore,
      });
      if (mayHaveMore && result.atEnd) this.#lookedAtMs = nowMs;
      this.#mayHaveMore ||= !result.atEnd;
      this.#isTroubled = false;
      this.#turn += 1;
      return this.#tell(sessions, said, result);
    } catch (thrown) {
      this.#mayHaveMore = true;
      this.#said.unshift(...said);
      this.#left.unshift(...left);
      throw thrown;
    }
  }

  #tell(
    sessions: readonly ConsumerSession[],
    said: readonly Settlement[],
    result: RoundResult,
  ): number {
    const { kept, stale, outs, more, othersLive, dueMs, rewoundTo } = result;
    for (const one of said) {
      this.#sessions.get(one.session)?.answer(one.text, stale.has(one));
    }
    const end = endOf(this.#subscription.name, kept);
    for (const session of sessions) {
      session.learn(outs.filter(({ session: id }) => id === session.id));
      if (end !== undefined) session.fail(end);
    }
    if (rewoundTo !== undefined) {
      const fields = { name: this.#subscription.name, position: formatPosition(rewoundTo) };
      this.#options.logger.warn(fields, 'the log was restored: a subscription goes back with it');
    }
    if (more || this.#said.length > 0) return 0;
    const most = othersLive ? SHARED_ROUND_MS : ROUND_MS;
    return Math.max(1, Math.min(dueMs ?? most, most));
  }

  async #trouble(thrown: unknown): Promise<number> {
    const error_code = isNovaError(thrown) ? thrown.code : 'NOVA_INTERNAL_BUG';
    const fields = { name: this.#subscription.name, error_code, reason: messageOf(thrown) };
    if (!this.#isTroubled) this.#options.logger.warn(fields, 'a subscription has to wait');
    this.#isTroubled = true;
    await sleep(TROUBLE_MS, this.#stop.signal);
    return 0;
  }
}

/** Why consumers have to go; undefined when they need not. */
function endOf(name: string, kept: KeptSubscription | undefined): NovaError | undefined {
  if (kept === undefined) return new NovaError(errors.SUBSCRIPTION_UNKNOWN, { name });
  if (kept.stopped === undefined) return undefined;
  return new NovaError(errors.SUBSCRIPTION_STOPPED, { name, ...kept.stopped });
}
