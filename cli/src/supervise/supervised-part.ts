import { isNovaError, messageOf, NovaError } from '@nova/errors';
import type { LaunchedProcess, ProcessEnd } from '@nova/servers';
import { type Clock, sleep, withDeadline } from '@nova/time';
import { errors } from '../errors.ts';
import { lastTellingLines } from '../logs/log-file.ts';
import type { PartProcess } from './part-process.ts';
import { RestartPolicy } from './restart-policy.ts';
import type { Watcher } from './supervisor-event.ts';

/**
 * Where a part is. Moved by SupervisedPart alone:
 *
 *   stopped → starting → running → restarting → starting …
 *   any → stopping → stopped
 */
export type PartState = 'stopped' | 'starting' | 'running' | 'restarting' | 'stopping';

/** A part as it is shown by `status` and kept in the state file. */
export interface PartSnapshot {
  readonly name: string;
  readonly state: PartState;
  readonly pid: number | undefined;
  readonly restarts: number;
  /** Why it ended last, undefined when it never did. */
  readonly lastExit: string | undefined;
}

/** How a part was stopped. */
export type Stopping = 'was_not_running' | 'drained' | 'killed';

/** Time for a start; the first start of a server makes its data folder. */
const READY_WITHIN_MS = 90_000;
/** Starts that may fail before the first success, for what heals by itself in a moment. */
const FIRST_ATTEMPTS = 3;
const CHECK_EVERY_MS = 50;
const CHECK_DEADLINE_MS = 5_000;
const SHOWN_LINES = 12;

/** Keeps one process running: starts it, waits until it answers, starts it again when it ends. */
export class SupervisedPart {
  readonly #process: PartProcess;
  readonly #clock: Clock;
  readonly #watch: Watcher;
  readonly #changed: () => void;
  readonly #policy = new RestartPolicy();
  readonly #stopping = new AbortController();
  #state: PartState = 'stopped';
  #launched: LaunchedProcess | undefined;
  #keeping: Promise<void> = Promise.resolve();
  #restarts = 0;
  #lastExit: string | undefined;

  constructor(process: PartProcess, clock: Clock, watch: Watcher, changed: () => void) {
    this.#process = process;
    this.#clock = clock;
    this.#watch = watch;
    this.#changed = changed;
  }

  get name(): string {
    return this.#process.name;
  }

  snapshot(): PartSnapshot {
    return {
      name: this.name,
      state: this.#state,
      pid: this.#launched?.pid,
      restarts: this.#restarts,
      lastExit: this.#lastExit,
    };
  }

  /**
   * Resolves when the process answers for the first time; from then on it is kept running.
   *
   * @throws CLI_START_FAILED with its last log lines, when it ended or did not answer in time.
   */
  async start(): Promise<void> {
    const first = this.#startFirst();
    this.#keeping = first.then(
      (launched) => this.#keep(launched),
      () => {},
    );
    await first;
  }

  async #startFirst(): Promise<LaunchedProcess> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#startOnce();
      } catch (thrown) {
        if (attempt === FIRST_ATTEMPTS || this.#stopping.signal.aborted || !mayHeal(thrown)) {
          this.#move('stopped');
          throw thrown;
        }
        await sleep(this.#policy.ended(0), this.#stopping.signal);
      }
    }
  }

  /** Asks the process to end, kills it after `withinMs`. For good: it cannot be started again. */
  async stop(withinMs: number): Promise<Stopping> {
    this.#stopping.abort();
    const launched = this.#launched;
    let outcome: Stopping = 'was_not_running';
    if (launched !== undefined) {
      this.#move('stopping');
      const killed = await endProcess(launched, this.#process.stopSignal, withinMs);
      outcome = killed ? 'killed' : 'drained';
      this.#launched = undefined;
    }
    await this.#keeping;
    this.#move('stopped');
    return outcome;
  }

  async #startOnce(): Promise<LaunchedProcess> {
    this.#move('starting');
    await this.#process.prepare();
    if (this.#stopping.signal.aborted) throw this.#startFailed('it was stopped');
    const launched = await this.#process.launch();
    this.#launched = launched;
    this.#changed();
    const waiting = new AbortController();
    try {
      // Stopped while it was being launched: stop() did not see it.
      if (this.#stopping.signal.aborted) throw this.#startFailed('it was stopped');
      const ended = await Promise.race([this.#answers(waiting.signal), launched.exited]);
      if (ended !== undefined) throw this.#startFailed(describeEnd(ended));
    } catch (thrown) {
      await endProcess(launched, 'SIGKILL', 0);
      this.#launched = undefined;
      throw thrown;
    } finally {
      waiting.abort();
    }
    this.#move('running');
    return launched;
  }

  /** Resolves with nothing when the process answers. */
  async #answers(signal: AbortSignal): Promise<undefined> {
    const deadline = this.#clock.monotonicMs() + READY_WITHIN_MS;
    let reason = 'it did not answer';
    while (!signal.aborted) {
      try {
        await withDeadline(this.#process.check(), CHECK_DEADLINE_MS, `asking ${this.name}`);
        return undefined;
      } catch (thrown) {
        reason = messageOf(thrown);
      }
      if (this.#clock.monotonicMs() > deadline) {
        throw this.#startFailed(`it did not answer within ${READY_WITHIN_MS / 1000} s: ${reason}`);
      }
      await sleep(CHECK_EVERY_MS, signal);
    }
    return undefined;
  }

  async #keep(first: LaunchedProcess): Promise<void> {
    let launched: LaunchedProcess | undefined = first;
    while (!this.#stopping.signal.aborted) {
      const startedMs = this.#clock.monotonicMs();
      let end: ProcessEnd | undefined;
      if (launched !== undefined) {
        end = await launched.exited;
        if (this.#stopping.signal.aborted) return;
      }
      this.#launched = undefined;
      const endedMs = this.#clock.monotonicMs();
      const restartInMs = this.#ended(end, endedMs - startedMs);
      await sleep(restartInMs, this.#stopping.signal);
      if (this.#stopping.signal.aborted) return;
      launched = await this.#startOnce().catch((thrown: unknown) => {
        this.#lastExit = messageOf(thrown).split('\n')[0];
        return undefined;
      });
      if (launched !== undefined) {
        const ms = this.#clock.monotonicMs() - endedMs;
        this.#watch({ kind: 'part_recovered', part: this.name, ms });
      }
    }
  }

  #ended(end: ProcessEnd | undefined, upMs: number): number {
    const restartInMs = this.#policy.ended(upMs);
    this.#restarts += 1;
    if (end !== undefined) this.#lastExit = describeEnd(end);
    this.#move('restarting');
    this.#watch({
      kind: 'part_exited',
      exit: {
        part: this.name,
        how: this.#lastExit ?? '',
        exitCode: end?.code ?? null,
        signal: end?.signal ?? null,
        upMs,
        restartInMs,
        lastLines: lastTellingLines(this.#process.logFile, SHOWN_LINES),
      },
    });
    return restartInMs;
  }

  #startFailed(reason: string): NovaError {
    const lines = lastTellingLines(this.#process.logFile, SHOWN_LINES);
    const tail = lines.length === 0 ? '' : `; its last log lines:\n  ${lines.join('\n  ')}`;
    return new NovaError(errors.CLI_START_FAILED, { part: this.name, reason, tail });
  }

  #move(state: PartState): void {
    this.#state = state;
    this.#changed();
  }
}

/** What a second try may mend: a process that ended. Not a busy port or missing Java. */
function mayHeal(thrown: unknown): boolean {
  return isNovaError(thrown, errors.CLI_START_FAILED);
}

/** True when the process had to be killed. Resolves when it has ended. */
async function endProcess(
  launched: LaunchedProcess,
  signal: NodeJS.Signals,
  withinMs: number,
): Promise<boolean> {
  launched.signal(signal);
  try {
    await withDeadline(launched.exited, withinMs, 'stopping');
    return false;
  } catch {
    launched.signal('SIGKILL');
    await launched.exited;
    return true;
  }
}

/** How a process ended, in words. */
export function describeEnd({ code, signal }: ProcessEnd): string {
  return signal === null ? `it ended with exit code ${code}` : `it was ended by ${signal}`;
}
