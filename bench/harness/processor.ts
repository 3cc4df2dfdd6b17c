import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/** Seconds of processor time that were used until now. */
export interface ProcessorReading {
  readonly atMs: number;
  /** By the whole machine, time that its host took away included; undefined where unknown. */
  readonly machine: number | undefined;
  /** By each tree of processes that was asked for, ended children included. */
  readonly trees: ReadonlyMap<number, number>;
}

/** What the time between two readings was used for. */
export interface ProcessorUse {
  readonly elapsedMs: number;
  /** Seconds per tree. */
  readonly trees: ReadonlyMap<number, number>;
  /** Share of the machine that went to others than `own`, 0 to 1; undefined where unknown. */
  readonly foreign: number | undefined;
}

/** Ticks of /proc per second: the same on every Linux that Node runs on. */
const TICKS = 100;

interface ProcessTime {
  readonly parent: number;
  readonly seconds: number;
}

/** Reads what the trees below these processes have used; both zero and unknown outside of Linux. */
export function readProcessor(roots: readonly number[]): ProcessorReading {
  const processes = allProcesses();
  const trees = new Map(roots.map((root) => [root, treeSeconds(root, processes)]));
  return { atMs: performance.now(), machine: machineSeconds(), trees };
}

/** What was used between two readings; `own` is the tree that everything of ours belongs to. */
export function useBetween(
  before: ProcessorReading,
  after: ProcessorReading,
  own: number,
): ProcessorUse {
  const elapsedMs = after.atMs - before.atMs;
  const used = (root: number) => (after.trees.get(root) ?? 0) - (before.trees.get(root) ?? 0);
  const trees = new Map([...after.trees.keys()].map((root) => [root, used(root)]));
  const capacity = (elapsedMs / 1000) * availableParallelism();
  const foreign =
    before.machine === undefined || after.machine === undefined || capacity === 0
      ? undefined
      : Math.max(0, (after.machine - before.machine - used(own)) / capacity);
  return { elapsedMs, trees, foreign };
}

function allProcesses(): ReadonlyMap<number, ProcessTime> {
  let names: readonly string[] = [];
  try {
    names = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    // No such file system here.
  }
  return new Map(
    names.flatMap((name) => {
      const found = processTime(name);
      return found === undefined ? [] : [[Number(name), found] as const];
    }),
  );
}

function processTime(pid: string): ProcessTime | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name before may hold spaces. Then: state, parent, … from 11 on utime, stime, cutime, cstime.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index]), 0);
    return { parent: Number(fields[1]), seconds: ticks / TICKS };
  } catch {
    // Ended meanwhile.
    return undefined;
  }
}

function treeSeconds(root: number, processes: ReadonlyMap<number, ProcessTime>): number {
  let sum = 0;
  for (const pid of processes.keys()) {
    let at: number | undefined = pid;
    while (at !== undefined && at !== root) at = processes.get(at)?.parent;
    if (at === root) sum += processes.get(pid)?.seconds ?? 0;
  }
  return sum;
}

function machineSeconds(): number | undefined {
  try {
    const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n');
    const [user = 0, nice = 0, system = 0, , , irq = 0, soft = 0, steal = 0] = line
      .split(/\s+/)
      .slice(1)
      .map(Number);
    return (user + nice + system + irq + soft + steal) / TICKS;
  } catch {
    return undefined;
  }
}
