import { messageOf } from '@nova/errors';
import type { Logger } from '@nova/telemetry';
import { brokerErrorType } from './driver-error.ts';

/** Sends offsets to the group's coordinator. */
export type SendOffsets = (offsets: ReadonlyMap<string, bigint>) => Promise<void>;

/** What a coordinator says to a member that has to join anew: everyday life of a group. */
const NORMAL = new Set(['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'REBALANCE_IN_PROGRESS']);

/**
 * Offsets for tools that look at the group: collected, sent now and then, one request at a time.
 * Whatever goes wrong is logged and forgotten: nothing depends on them, and newer ones follow.
 */
export class CommitHints {
  readonly #send: SendOffsets;
  readonly #everyMs: number;
  readonly #logger: Logger;
  #collected = new Map<string, bigint>();
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> = Promise.resolve();

  constructor(send: SendOffsets, everyMs: number, logger: Logger) {
    this.#send = send;
    this.#everyMs = everyMs;
    this.#logger = logger;
  }

  note(offsets: ReadonlyMap<string, bigint>): void {
    for (const [key, offset] of offsets) this.#collected.set(key, offset);
    this.#timer ??= setTimeout(() => void this.flush(), this.#everyMs);
  }

  /** Sends what was collected; resolves when it is done, however it ends. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#sending = this.#sending.then(async () => {
      const offsets = this.#collected;
      this.#collected = new Map();
      if (offsets.size === 0) return;
      try {
        await this.#send(offsets);
      } catch (thrown) {
        this.#report(thrown);
      }
    });
    return this.#sending;
  }

  /** Forgets what is not sent yet. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#collected.clear();
  }

  #report(thrown: unknown): void {
    const type = brokerErrorType(thrown);
    const fields = { component: 'kafka', reason: type ?? messageOf(thrown) };
    if (type !== undefined && NORMAL.has(type)) {
      this.#logger.debug(fields, 'kafka did not take offsets of an earlier assignment');
    } else {
      this.#logger.warn(fields, 'kafka did not take offsets');
    }
  }
}
