import { Worker } from 'node:worker_threads';
import { messageOf, NovaError, type Violation } from '@nova/errors';
import type { Part } from '@nova/lifecycle';
import type { SchemaProblem } from './check-schema.ts';
import type {
  Compatibility,
  Incompatibility,
  SchemaVersion,
} from './compatibility/judge-change.ts';
import { errors } from './errors.ts';
import type { JsonMap } from './json.ts';
import type { Answer, Question } from './thread-messages.ts';

/** Longest time for one question. */
const LIMIT_MS = 2_000;
/** Longest time for a thread to start. */
const START_MS = 20_000;
const MAX_WAITING = 2_000;
const MAX_WAITING_CHARACTERS = 64 * 1024 * 1024;
const HEAP_MB = 256;
/** As many as the thread keeps: what is known here is known there. */
const MAX_KNOWN = 500;

/** Judges with schemas that others wrote, away from the event loop and in bounded time. */
export interface Validator {
  readonly part: Part;
  /** Why a text (JSON) is no valid schema; empty where it is one. */
  compile(schema: string): Promise<readonly SchemaProblem[]>;
  /** As {@link judgeChange}. */
  judge(
    rule: Compatibility,
    earlier: readonly SchemaVersion[],
    next: JsonMap,
  ): Promise<readonly Incompatibility[]>;
  /**
   * What is wrong with each payload (JSON texts), in their order.
   *
   * @param name the same name always comes with the same schema
   */
  validate(
    name: string,
    schema: string,
    payloads: readonly string[],
  ): Promise<readonly (readonly Violation[])[]>;
}

interface Job {
  readonly question: Question;
  readonly size: number;
  readonly what: string;
  readonly settled: PromiseWithResolvers<Answer>;
}

/**
 * One thread, one question at a time, the others in line:
 *
 *   none ──question──▶ starting ──ready──▶ asked ──answer──▶ idle ──question──▶ asked
 *                                            │ over the limit, out of memory, dead
 *                                            └▶ ended: the question fails, the next starts another
 *
 * Each call fails with SCHEMA_CHECK_OVERRUN, SCHEMA_CHECK_LOST or, where too many wait,
 * SCHEMA_CHECKS_FULL.
 */
export function createValidator({ limitMs = LIMIT_MS } = {}): Validator {
  const line = new Line(limitMs);
  return {
    part: {
      name: 'schema validation',
      start: () => Promise.resolve(),
      stop: () => line.end(),
    },
    async compile(schema) {
      const answer = await line.ask({ kind: 'compile', schema }, schema.length, 'a schema');
      return answer.kind === 'compiled' ? answer.problems : [];
    },
    async judge(rule, earlier, next) {
      const answer = await line.ask({ kind: 'judge', rule, earlier, next }, 0, 'a new version');
      return answer.kind === 'judged' ? answer.found : [];
    },
    async validate(name, schema, payloads) {
      const size = payloads.reduce((sum, { length }) => sum + length, 0);
      const answer = await line.ask({ kind: 'validate', name, schema, payloads }, size, name);
      return answer.kind === 'validated' ? answer.violations : [];
    },
  };
}

class Line {
  readonly #limitMs: number;
  readonly #waiting: Job[] = [];
  #characters = 0;
  #thread: Thread | undefined;

  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  ask(question: Question, size: number, what: string): Promise<Answer> {
    if (
      this.#waiting.length >= MAX_WAITING ||
      (this.#waiting.length > 0 && this.#characters + size > MAX_WAITING_CHARACTERS)
    ) {
      return Promise.reject(new NovaError(errors.SCHEMA_CHECKS_FULL, {}));
    }
    const job = { question, size, what, settled: Promise.withResolvers<Answer>() };
    this.#waiting.push(job);
    this.#characters += size;
    this.#next();
    return job.settled.promise;
  }

  async end(): Promise<void> {
    const thread = this.#thread;
    this.#thread = undefined;
    await thread?.end('it was stopped');
    for (const { settled } of this.#waiting.splice(0)) settled.reject(lost('it was stopped'));
    this.#characters = 0;
  }

  #next(): void {
    if (this.#waiting.length === 0) return;
    this.#thread ??= new Thread(this.#limitMs, {
      onIdle: () => this.#next(),
      onEnd: (thread, failure) => {
        if (this.#thread === thread) this.#thread = undefined;
        // One that cannot start must not be started for ever for the same question.
        if (!thread.hasStarted) this.#shift()?.settled.reject(failure);
        this.#next();
      },
    });
    if (!this.#thread.isIdle) return;
    const job = this.#shift();
    if (job !== undefined) this.#thread.ask(job);
  }

  #shift(): Job | undefined {
    const job = this.#waiting.shift();
    this.#characters -= job?.size ?? 0;
    return job;
  }
}

interface Told {
  onIdle(): void;
  onEnd(thread: Thread, failure: NovaError): void;
}

class Thread {
  readonly #limitMs: number;
  readonly #told: Told;
  readonly #worker: Worker;
  readonly #known = new Set<string>();
  #job: Job | undefined;
  #timer: NodeJS.Timeout | undefined;
  hasStarted = false;
  #hasEnded = false;

  constructor(limitMs: number, told: Told) {
    this.#limitMs = limitMs;
    this.#told = told;
    // Without the flags and preloads of the process: it needs no telemetry.
    this.#worker = new Worker(new URL('./validation-thread.ts', import.meta.url), {
      name: 'schema validation',
      execArgv: ['--no-warnings'],
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
    });
    this.#worker.unref();
    this.#worker.on('message', (answer: Answer) => this.#take(answer));
    this.#worker.on('error', (thrown) => void this.end(messageOf(thrown)));
    this.#worker.on('exit', () => void this.end('it exited'));
    this.#setTimer(START_MS, () => lost(`it did not start within ${START_MS} ms`));
  }

  get isIdle(): boolean {
    return this.hasStarted && this.#job === undefined && !this.#hasEnded;
  }

  ask(job: Job): void {
    this.#job = job;
    const { question, what } = job;
    this.#setTimer(
      this.#limitMs,
      () => new NovaError(errors.SCHEMA_CHECK_OVERRUN, { what, ms: this.#limitMs }),
    );
    this.#worker.postMessage(this.#brief(question));
  }

  async end(reason: string, failure = lost(reason, this.#job?.what)): Promise<void> {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    clearTimeout(this.#timer);
    this.#job?.settled.reject(failure);
    await this.#worker.terminate();
    this.#told.onEnd(this, failure);
  }

  // A schema crosses once; what the thread forgets, it forgets all of.
  #brief(question: Question): Question {
    if (question.kind !== 'validate') return question;
    if (this.#known.has(question.name)) return { ...question, schema: undefined };
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    this.#known.add(question.name);
    return question;
  }

  #take(answer: Answer): void {
    if (this.#hasEnded) return;
    clearTimeout(this.#timer);
    const job = this.#job;
    this.#job = undefined;
    this.hasStarted = true;
    job?.settled.resolve(answer);
    this.#told.onIdle();
  }

  #setTimer(ms: number, failure: () => NovaError): void {
    this.#timer = setTimeout(() => void this.end('', failure()), ms).unref();
  }
}

function lost(reason: string, what = 'payloads'): NovaError {
  return new NovaError(errors.SCHEMA_CHECK_LOST, { what, reason });
}
