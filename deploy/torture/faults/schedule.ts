import type { Direction } from './link.ts';

/** What happens to whom, for how long. */
export type Fault = { readonly target: string; readonly lastsMs: number } & (
  | { readonly kind: 'kill' | 'stop' | 'restart' }
  | { readonly kind: 'partition'; readonly direction: Direction }
  | { readonly kind: 'reset' }
  | { readonly kind: 'latency'; readonly delayMs: number }
  | { readonly kind: 'full' }
  | { readonly kind: 'clock'; readonly seconds: number }
);

/** Faults that overlap: each begins `afterMs` after the bout does. */
export type Bout = readonly (Fault & { readonly afterMs: number })[];

/** What there is to be broken. */
export interface Targets {
  readonly processes: readonly string[];
  readonly servers: readonly string[];
  readonly links: readonly string[];
  /** Servers whose disks can be filled. */
  readonly disks: readonly string[];
  /** Processes and servers whose clocks can be set. */
  readonly clocks: readonly string[];
}

const MOST_AT_ONCE = 4;
/** A clock takes up to two seconds to jump, and to jump back. */
const LEAST_CLOCK_MS = 4000;
const TWO_HOURS = 7200;

/** Bouts without end that follow from the seed: 1 to 4 faults each, no target twice. */
export function* boutsOf(random: () => number, targets: Targets): Generator<Bout> {
  for (;;) {
    const count = 1 + Math.floor(random() * MOST_AT_ONCE);
    const bout: (Fault & { readonly afterMs: number })[] = [];
    while (bout.length < count) {
      const fault = faultOf(random, targets);
      if (bout.some(({ target }) => target === fault.target)) continue;
      bout.push({ ...fault, afterMs: Math.floor(random() * 1500) });
    }
    yield bout;
  }
}

function faultOf(random: () => number, targets: Targets): Fault {
  const { disks, clocks } = targets;
  // Without any of them a seed means what it did before there were such faults.
  if (disks.length + clocks.length === 0) return plainFaultOf(random, targets);
  const share = random();
  const lastsMs = LEAST_CLOCK_MS + Math.floor(random() * 4000);
  if (share < 0.1 && disks.length > 0)
    return { kind: 'full', target: pick(random, disks), lastsMs };
  if (share < 0.25 && clocks.length > 0) {
    const seconds = pick(random, [-TWO_HOURS, TWO_HOURS]);
    return { kind: 'clock', target: pick(random, clocks), lastsMs, seconds };
  }
  return plainFaultOf(random, targets);
}

function plainFaultOf(random: () => number, { processes, servers, links }: Targets): Fault {
  const share = random();
  if (share < 0.5) {
    // Past the lease of 2 s, and sometimes past the session of 6 s.
    const lastsMs = 300 + Math.floor(random() * 7500);
    const target = pick(random, share < 0.38 ? processes : servers);
    return { kind: pick(random, ['kill', 'stop', 'restart'] as const), target, lastsMs };
  }
  const target = pick(random, links);
  const lastsMs = 500 + Math.floor(random() * 5500);
  const kind = pick(random, ['partition', 'partition', 'reset', 'latency'] as const);
  if (kind === 'partition') {
    return { kind, target, lastsMs, direction: pick(random, ['both', 'to', 'from'] as const) };
  }
  if (kind === 'reset') return { kind, target, lastsMs };
  return { kind, target, lastsMs, delayMs: 20 + Math.floor(random() * 400) };
}

function pick<T>(random: () => number, from: readonly T[]): T {
  const found = from[Math.floor(random() * from.length)];
  if (found === undefined) throw new RangeError('nothing to pick from');
  return found;
}

/** What is written of a fault. */
export function nameOf(fault: Fault): string {
  if (fault.kind === 'partition') return `partition ${fault.direction}`;
  if (fault.kind === 'clock') return `clock ${fault.seconds < 0 ? '-' : '+'}2 h`;
  if (fault.kind === 'full') return 'disk full';
  return fault.kind === 'latency' ? `latency ${fault.delayMs} ms` : fault.kind;
}
