/** A program and how it is started. */
export interface PartCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

/** How a process ended. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A started process. */
export interface LaunchedProcess {
  readonly pid: number;
  /** Resolves when it has ended; never rejects. */
  readonly exited: Promise<ProcessEnd>;
  signal(signal: NodeJS.Signals): void;
}

/** What the supervisor keeps running. */
export interface PartProcess {
  readonly name: string;
  /** Whatever must be there before the process starts; run before every start. */
  prepare(): Promise<void>;
  launch(): Promise<LaunchedProcess>;
  /** Resolves when the process answers a real request of its protocol; rejects while it does not. */
  check(): Promise<void>;
  readonly stopSignal: NodeJS.Signals;
  readonly logFile: string;
}
