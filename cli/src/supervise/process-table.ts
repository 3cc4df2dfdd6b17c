import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/**
 * A process that cannot be confused with a later one of the same pid: pids come round again, also
 * after a restart of the machine.
 */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, in the words of the system; only compared. */
  readonly started: string;
}

/** The identity of a process, undefined when there is none of that pid (or only its zombie). */
export function identify(pid: number): ProcessIdentity | undefined {
  const started = process.platform === 'linux' ? startedLinux(pid) : startedByPs(pid);
  return started === undefined ? undefined : { pid, started };
}

/** True while that very process runs. */
export function isAlive({ pid, started }: ProcessIdentity): boolean {
  return identify(pid)?.started === started;
}

/** Sends a signal to that very process; false when it is gone. */
export function signalProcess(target: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!isAlive(target)) return false;
  try {
    process.kill(target.pid, signal);
    return true;
  } catch {
    return false;
  }
}

/**
 * Bytes of memory that a process and all its descendants hold, shared pages counted once (the
 * proportional set size where the system tells it, else the resident size).
 */
export function memoryOfTree(root: number, table: ProcessTable = processTable()): number {
  return treeOf(root, table).reduce((sum, pid) => sum + memoryOf(pid, table), 0);
}

/** All processes: pid → parent. */
export type ProcessTable = ReadonlyMap<number, { parent: number; residentBytes: number }>;

/** Reads the processes of the machine once. */
export function processTable(): ProcessTable {
  return process.platform === 'linux' ? tableLinux() : tableByPs();
}

/** A process and its descendants, parents first. */
export function treeOf(root: number, table: ProcessTable): number[] {
  const tree = [root];
  for (const pid of tree) {
    for (const [child, { parent }] of table) if (parent === pid) tree.push(child);
  }
  return tree;
}

function memoryOf(pid: number, table: ProcessTable): number {
  const rollup = process.platform === 'linux' ? read(`/proc/${pid}/smaps_rollup`) : undefined;
  const kilobytes = /^Pss:\s+(\d+) kB/m.exec(rollup ?? '')?.[1];
  if (kilobytes !== undefined) return Number(kilobytes) * 1024;
  return table.get(pid)?.residentBytes ?? 0;
}

// The name of a process is in parentheses and may hold anything, so fields are counted from the
// last one. State is field 3, the parent 4, the start 22.
function fieldsOf(pid: number | string): string[] | undefined {
  const stat = read(`/proc/${pid}/stat`);
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function startedLinux(pid: number): string | undefined {
  const fields = fieldsOf(pid);
  if (fields === undefined || fields[0] === 'Z' || fields[0] === 'X') return undefined;
  return `${read('/proc/sys/kernel/random/boot_id')?.trim() ?? ''}:${fields[19]}`;
}

function tableLinux(): ProcessTable {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return new Map(
    pids.flatMap((pid) => {
      const fields = fieldsOf(pid);
      if (fields === undefined) return [];
      // Field 24 counts pages, which are 4 KiB on the platforms nova runs on.
      const row = { parent: Number(fields[1]), residentBytes: Number(fields[21]) * 4096 };
      return [[Number(pid), row] as const];
    }),
  );
}

function startedByPs(pid: number): string | undefined {
  const line = ps(['-o', 'state=,lstart=', '-p', String(pid)]).trim();
  return line === '' || line.startsWith('Z') ? undefined : line.replace(/^\S+\s+/, '');
}

function tableByPs(): ProcessTable {
  const lines = ps(['-axo', 'pid=,ppid=,rss=']).trim().split('\n');
  return new Map(
    lines.map((line) => {
      const [pid = 0, parent = 0, kilobytes = 0] = line.trim().split(/\s+/).map(Number);
      return [pid, { parent, residentBytes: kilobytes * 1024 }] as const;
    }),
  );
}

function ps(args: string[]): string {
  try {
    return execFileSync('ps', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    // ps exits with 1 when there is no such process.
    return '';
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
