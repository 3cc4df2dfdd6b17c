import { randomUUID } from 'node:crypto';
import { isNovaError, messageOf, NovaError } from '@nova/errors';
import { sleep } from '@nova/time';
import type { ConsumerContext, SessionContext } from './context.ts';
import { errors } from './errors.ts';
import { isOutage } from './failure.ts';
import type { Generation } from './generation.ts';
import { rebuild } from './rebuild.ts';
import {
  beginRebuild,
  endRebuild,
  giveBackRebuild,
  keepRebuild,
  takeUpRebuild,
} from './rebuild-lease.ts';
import { type RebuildStanding, readStanding } from './rebuild-standing.ts';

/** Rebuilds as operators ask for them. */
export interface Rebuilding {
  /** How the last one is doing, whichever member works on it; what one would read. */
  standing(): Promise<RebuildStanding>;
  /** Begins one, which goes on by itself. @throws CONSUMER_REBUILD_RUNNING */
  begin(by: { readonly who: string; readonly reason: string }): Promise<RebuildStanding>;
  /** Ends the one that runs, whichever member works on it. */
  cancel(who: string): Promise<RebuildStanding>;
}

interface LiveSession {
  readonly live: SessionContext;
  readonly stop: AbortSignal;
}

/** What rebuilds need of a running consumer. */
export interface RebuildingPorts {
  readonly context: ConsumerContext;
  /** Undefined while there is none. */
  readonly session: () => LiveSession | undefined;
  readonly served: (made: Generation) => void;
}

const KEEP_EVERY_MS = 1500;
const TAKE_UP_EVERY_MS = 2000;

/**
 * A rebuild's state is in the database: the row of the generation that is built, and its tail cursors
 * for how far it is. So any member answers, any member can end it, and any member takes it up again
 * when the one that worked on it has died, was stopped, or had to wait for a dependency.
 *
 *   begun or taken up --> folds the log, says every 1.5 s that it lives --> serves
 *                              |                      |
 *                              |                      +-- ended, or another one has it: no more work
 *                              +-- stopped, or a dependency is away: given back
 *                              +-- cannot be finished: failed
 */
export class OperatorRebuilds implements Rebuilding {
  readonly #ports: RebuildingPorts;
  readonly #member = randomUUID();
  /** What this member works on. */
  readonly #work = new Set<Promise<void>>();

  constructor(ports: RebuildingPorts) {
    this.#ports = ports;
  }

  async standing(): Promise<RebuildStanding> {
    const { context } = this.#ports;
    const { database, definition, log } = context;
    const { head } = await log.getLog();
    const row = await readStanding(database, definition.name);
    return { ...row, head: head.position, views: definition.views.map(({ name }) => name) };
  }

  /** Rebuilds now, and resolves with the number of the generation that then serves. */
  async now(): Promise<number> {
    const { live, stop } = this.#session();
    const { service: who } = live.definition;
    const made = await this.#begun(live, { who, reason: 'the service itself wants it' });
    await this.#start(live, made, stop);
    return made.generation;
  }

  async begin(by: { readonly who: string; readonly reason: string }): Promise<RebuildStanding> {
    const { live, stop } = this.#session();
    const { name: consumer } = live.definition;
    const { state } = await readStanding(live.database, consumer);
    if (state === 'running') throw new NovaError(errors.CONSUMER_REBUILD_RUNNING, { consumer });
    const made = await this.#begun(live, by);
    const { who: principal, reason } = by;
    live.logger.info({ count: made.generation, principal, reason }, 'rebuilding from the log');
    this.#start(live, made, stop).catch(() => {});
    return this.standing();
  }

  async cancel(who: string): Promise<RebuildStanding> {
    const { database, definition, logger } = this.#ports.context;
    const ended = await database.query<{ generation: number }>(
      `UPDATE consumer_generations
       SET state = 'retired', retired_at = clock_timestamp(), ended_by = $2
       WHERE consumer = $1 AND state = 'building' RETURNING generation`,
      [definition.name, who],
    );
    for (const { generation } of ended) {
      logger.warn({ count: generation, principal: who }, 'rebuild cancelled');
    }
    return this.standing();
  }

  /** Takes up rebuilds that nobody works on. Ends after the work of this member. */
  async run(stop: AbortSignal): Promise<void> {
    const { meters } = this.#ports.context;
    while (!stop.aborted) {
      try {
        if (this.#work.size === 0) await this.#takeUp();
        meters.over('rebuild');
      } catch (thrown) {
        // What has ended for good is in its row.
        if (passes(thrown)) meters.trouble('rebuild', thrown);
      }
      await sleep(TAKE_UP_EVERY_MS, stop);
    }
    await Promise.allSettled(this.#work);
  }

  async #takeUp(): Promise<void> {
    const session = this.#ports.session();
    if (session === undefined) return;
    const { database, definition, logger } = session.live;
    const left = await takeUpRebuild(database, definition, this.#member);
    if (left === undefined) return;
    const { made, takes } = left;
    logger.info({ count: made.generation, attempt: takes }, 'rebuild taken up again');
    await this.#start(session.live, made, session.stop);
  }

  #session(): LiveSession {
    const session = this.#ports.session();
    if (session !== undefined) return session;
    const { name: consumer } = this.#ports.context.definition;
    throw new NovaError(errors.CONSUMER_NOT_OPEN, { consumer });
  }

  #begun(live: SessionContext, by: { readonly who: string; readonly reason: string }) {
    return beginRebuild(live.database, live.definition, { member: this.#member, ...by });
  }

  #start(live: SessionContext, made: Generation, stop: AbortSignal): Promise<void> {
    const work = this.#carryOut(live, made, stop).finally(() => this.#work.delete(work));
    this.#work.add(work);
    return work;
  }

  async #carryOut(live: SessionContext, made: Generation, stop: AbortSignal): Promise<void> {
    const { database, logger } = live;
    const over = new AbortController();
    const keeping = this.#keep(made, over);
    try {
      await rebuild(live, made, AbortSignal.any([stop, over.signal]));
      this.#ports.served(made);
      logger.info({ count: made.generation }, 'rebuilt generation serves');
    } catch (thrown) {
      const fields = { count: made.generation, err: thrown };
      // Where neither can be stored, the lease ends by itself.
      if (stop.aborted || over.signal.aborted || passes(thrown)) {
        logger.warn(fields, 'rebuild interrupted, the old views serve on');
        await giveBackRebuild(database, made, this.#member).catch(() => {});
      } else {
        logger.warn(fields, 'rebuild ended, the old views serve on');
        await endRebuild(database, made, messageOf(thrown)).catch(() => {});
      }
      throw thrown;
    } finally {
      over.abort();
      await keeping;
    }
  }

  /** Says that this member works on it; aborts when it is not to go on. */
  async #keep(made: Generation, over: AbortController): Promise<void> {
    const { database } = this.#ports.context;
    while (!over.signal.aborted) {
      await sleep(KEEP_EVERY_MS, over.signal);
      if (over.signal.aborted) return;
      const isKept = await keepRebuild(database, made, this.#member).catch(() => true);
      if (!isKept) over.abort();
    }
  }
}

/** Whether waiting may help: then somebody goes on with it later. */
function passes(thrown: unknown): boolean {
  return isOutage(thrown) && !isNovaError(thrown, errors.CONSUMER_PARKING_FULL);
}
