/** A program and how it is started. */
export interface ProcessCommand {
  readonly file: string;
  readonly args: readonly string[];
  /** The whole environment of the process: nothing else is inherited. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Words to put before `file` so that it runs as another user; empty = as this one. */
  readonly runAs?: readonly string[];
}

/** How a process ended. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A program that serves requests: how to make its files, start it, ask it and stop it. */
export interface ServerProcess {
  readonly name: string;
  /** Makes files and folders; harmless when they are there. Run before every start. */
  prepare(): Promise<void>;
  command(): ProcessCommand;
  /**
   * Sends one real request of its protocol; rejects when there is no proper answer within 2 s. An
   * open port alone proves nothing: a paused process still accepts connections.
   */
  ready(): Promise<void>;
  /** Asks it to finish its work and end. */
  readonly stopSignal: NodeJS.Signals;
}

/** "exit code 1" or "signal SIGKILL". */
export function describeEnd(end: ProcessEnd): string {
  return end.signal === null ? `exit code ${end.code ?? 'unknown'}` : `signal ${end.signal}`;
}
