import type { Guard, LaunchedProcess, ServerProcess } from '@nova/servers';
import { launchProcess } from '@nova/servers';

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

/** Seconds a process whose supervisor is gone gets to end cleanly, before it is killed. */
const ORPHAN_GRACE_SECONDS = 7;

/** A server process as the supervisor keeps it. `held`: its input ends with the supervisor. */
export function partProcess(
  server: ServerProcess,
  logFile: string,
  stdin: 'none' | 'held' = 'none',
): PartProcess {
  const guard: Guard = { signal: server.stopSignal, graceSeconds: ORPHAN_GRACE_SECONDS };
  return {
    name: server.name,
    stopSignal: server.stopSignal,
    logFile,
    prepare: () => server.prepare(),
    launch: () => launchProcess(server.command(), { name: server.name, logFile, guard, stdin }),
    check: () => server.ready(),
  };
}
