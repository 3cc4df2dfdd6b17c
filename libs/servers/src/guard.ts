import { spawnSync } from 'node:child_process';
import type { ProcessCommand } from './server-process.ts';

/**
 * A child must not outlive the process that started it, even when that one is killed with -9 and
 * can do nothing. Two independent means:
 *
 *   watcher   a shell of about 1 MB that waits on a pipe held by the parent. The pipe ends with the
 *             parent, in whatever way that ended; then the child gets `signal`, and after
 *             `graceSeconds` it and its children are killed. The parent writes a line once the
 *             child has ended, so that a later process with its pid is never hit.
 *   pdeathsig the kernel sends `signal` when the parent is gone (Linux with setpriv): covers the
 *             watcher being killed too.
 *
 * The shell becomes the child itself (exec), so the child's pid and exit code are those that the
 * parent sees.
 */
export interface Guard {
  /** What the child gets when its parent is gone. */
  readonly signal: NodeJS.Signals;
  /** Time for a clean end before it is killed. */
  readonly graceSeconds: number;
  /** A folder to delete once the child of a dead parent has ended. */
  readonly removeFolder?: string;
}

/** File descriptor on which the watcher reads. */
export const GUARD_FD = 3;

// $1 signal, $2 grace, $3 folder to remove or empty; the rest is the command.
// The subshell in a subshell hands the watcher over to init, so that the child has no child it does
// not know of (PostgreSQL would log one). $$ stays the pid of the outer shell.
const SCRIPT = `
signal=$1 grace=$2 folder=$3; shift 3
( (
  read -r _ <&${GUARD_FD} && exit 0
  kill -s "$signal" $$ 2>/dev/null
  while [ "$grace" -gt 0 ] && kill -0 $$ 2>/dev/null; do sleep 1; grace=$((grace - 1)); done
  children=$(cat /proc/$$/task/$$/children 2>/dev/null || pgrep -P $$ 2>/dev/null)
  kill -s KILL $$ $children 2>/dev/null
  [ -z "$folder" ] || { sleep 1; rm -rf -- "$folder"; }
) & ) </dev/null >/dev/null 2>&1
exec ${GUARD_FD}<&-
exec "$@"
`;

/** The command as it is really started, with `GUARD_FD` to be a pipe held by this process. */
export function guarded(
  { file, args, runAs = [] }: ProcessCommand,
  guard: Guard,
): { file: string; args: string[] } {
  const signal = guard.signal.replace(/^SIG/, '');
  const words = [...runAs, ...parentDeathSignal(signal), file, ...args];
  const settings = [signal, String(guard.graceSeconds), guard.removeFolder ?? ''];
  return { file: '/bin/sh', args: ['-c', SCRIPT, 'nova-guard', ...settings, ...words] };
}

let works: boolean | undefined;

function parentDeathSignal(signal: string): string[] {
  works ??=
    process.platform === 'linux' &&
    spawnSync('setpriv', ['--pdeathsig', 'TERM', '--', 'true'], { stdio: 'ignore' }).status === 0;
  return works ? ['setpriv', '--pdeathsig', signal, '--'] : [];
}
