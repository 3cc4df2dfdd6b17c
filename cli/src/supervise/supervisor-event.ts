/** What a supervisor tells whoever watches it. Plain data: it also travels over a pipe. */
export type SupervisorEvent =
  | { readonly kind: 'step_started'; readonly step: string }
  | {
      readonly kind: 'step_done';
      readonly step: string;
      readonly ms: number;
      readonly note: string;
    }
  | { readonly kind: 'part_exited'; readonly exit: PartExit }
  | { readonly kind: 'part_recovered'; readonly part: string; readonly ms: number }
  | { readonly kind: 'ready'; readonly ms: number }
  | { readonly kind: 'failed'; readonly failure: Failure }
  | { readonly kind: 'stopping' }
  | { readonly kind: 'part_stopped'; readonly part: string; readonly killed: boolean };

/** How a part ended although nobody asked it to. */
export interface PartExit {
  readonly part: string;
  /** In words, starting with "it"; also for a restart that failed. */
  readonly how: string;
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly upMs: number;
  readonly restartInMs: number;
  readonly lastLines: readonly string[];
}

/** An error as data, for the other side of a pipe. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

/** Takes the events of a supervisor. Must not throw. */
export type Watcher = (event: SupervisorEvent) => void;
