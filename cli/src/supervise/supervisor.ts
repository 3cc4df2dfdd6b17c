import type { Clock } from '@nova/time';
import type { SupervisedPart } from './supervised-part.ts';
import type { Watcher } from './supervisor-event.ts';

/** A row of the start plan: a process to keep running, or something to do once. */
export interface PlanStep {
  readonly name: string;
  /** Names of the steps that must be done before. */
  readonly needs: readonly string[];
  /** Parts that it waits for by itself, but that must not be stopped before it. */
  readonly uses?: readonly string[];
  /** What is kept running from then on; absent for a task. */
  readonly part?: SupervisedPart;
  /** What is done once; returns a short remark for the person watching. */
  readonly task?: () => Promise<string>;
  /** Why it is left out, asked once what it needs is done; undefined: it is not. */
  readonly leftOut?: () => string | undefined;
}

/** Time each level of parts gets to drain before it is killed; two levels fit into 15 s. */
const STOP_LEVEL_MS = 7_000;

/**
 * Starts a plan, each step as soon as what it needs is done, and stops its parts in reverse.
 *
 *   start() ─ all steps done ─→ parts are kept running ─ stop() ─→ all ended
 *        └── a step failed ─→ the others are stopped, the first failure is thrown
 */
export class Supervisor {
  readonly #plan: readonly PlanStep[];
  readonly #clock: Clock;
  readonly #watch: Watcher;
  #stopped: Promise<void> | undefined;

  constructor(plan: readonly PlanStep[], clock: Clock, watch: Watcher) {
    this.#plan = plan;
    this.#clock = clock;
    this.#watch = watch;
  }

  /** Resolves when every step is done. After a failure nothing is left running. */
  async start(): Promise<void> {
    const startedMs = this.#clock.monotonicMs();
    const running = new Map<string, Promise<void>>();
    let failure: { thrown: unknown } | undefined;
    for (const step of inOrder(this.#plan)) {
      const needed = step.needs.map((name) => running.get(name) ?? Promise.resolve());
      const run = Promise.all(needed).then(async () => {
        if (failure !== undefined || this.#stopped !== undefined) throw new SkippedStep();
        await this.#run(step);
      });
      running.set(step.name, run);
      run.catch((thrown: unknown) => {
        // The first failure ends the others at once instead of letting them time out.
        if (failure !== undefined || this.#stopped !== undefined) return;
        failure = { thrown };
        void this.stop();
      });
    }
    await Promise.allSettled(running.values());
    if (failure !== undefined || this.#stopped !== undefined) {
      await this.stop();
      throw failure?.thrown ?? new SkippedStep();
    }
    this.#watch({ kind: 'ready', ms: this.#clock.monotonicMs() - startedMs });
  }

  /** Drains level by level, what was started last first; kills what does not end in its time. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stopAll();
    return this.#stopped;
  }

  async #run(step: PlanStep): Promise<void> {
    const startedMs = this.#clock.monotonicMs();
    this.#watch({ kind: 'step_started', step: step.name });
    const leftOut = step.leftOut?.();
    if (leftOut === undefined) await step.part?.start();
    const note = leftOut ?? (await step.task?.()) ?? '';
    const ms = this.#clock.monotonicMs() - startedMs;
    this.#watch({ kind: 'step_done', step: step.name, ms, note });
  }

  async #stopAll(): Promise<void> {
    this.#watch({ kind: 'stopping' });
    for (const level of stopLevels(this.#plan)) {
      await Promise.all(
        level.map(async (part) => {
          const outcome = await part.stop(STOP_LEVEL_MS);
          if (outcome === 'was_not_running') return;
          this.#watch({ kind: 'part_stopped', part: part.name, killed: outcome === 'killed' });
        }),
      );
    }
  }
}

/** Thrown inside a plan for steps that were not tried because another one had failed. */
class SkippedStep extends Error {
  override readonly message = 'stopped before everything was started';
}

/** True for the error of a start that was stopped by request, not by a failure. */
export function wasStopped(thrown: unknown): boolean {
  return thrown instanceof SkippedStep;
}

/**
 * The steps so that each comes after what it needs.
 *
 * @throws TypeError when a step needs one that does not exist, or itself in a circle.
 */
export function inOrder(plan: readonly PlanStep[]): PlanStep[] {
  const ordered: PlanStep[] = [];
  const waiting = [...plan];
  while (waiting.length > 0) {
    const next = waiting.findIndex((step) =>
      step.needs.every((name) => ordered.some((done) => done.name === name)),
    );
    const [step] = next < 0 ? [] : waiting.splice(next, 1);
    if (step === undefined) {
      throw new TypeError(`no order for ${waiting.map(({ name }) => name).join(', ')}`);
    }
    ordered.push(step);
  }
  return ordered;
}

/** Parts by how many parts must stop before them: those that nothing depends on come first. */
export function stopLevels(plan: readonly PlanStep[]): SupervisedPart[][] {
  const levels = new Map<string, number>();
  const levelOf = ({ name }: PlanStep): number => {
    const known = levels.get(name);
    if (known !== undefined) return known;
    const dependents = plan.filter(
      ({ needs, uses = [] }) => needs.includes(name) || uses.includes(name),
    );
    const below = dependents.map((one) => levelOf(one) + (one.part === undefined ? 0 : 1));
    const level = Math.max(0, ...below);
    levels.set(name, level);
    return level;
  };
  const result: SupervisedPart[][] = [];
  for (const step of plan) {
    const { part } = step;
    if (part === undefined) continue;
    const level = levelOf(step);
    result[level] = [...(result[level] ?? []), part];
  }
  return result.filter((level) => level !== undefined);
}
