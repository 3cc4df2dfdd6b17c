/** What `./nova test torture --record FILE` appended, a line each, and the Markdown that is made of it. */

interface Line {
  readonly at: string;
  readonly commit: string;
  readonly load: number;
  readonly what: string;
  readonly [name: string]: unknown;
}

interface Schedule extends Line {
  readonly seed: number;
  readonly driver: string;
  readonly faults: readonly string[];
  readonly acked: number;
  readonly errors: number;
  readonly duplicates: number;
  /** Not counted in the first of them. */
  readonly redelivered?: number;
  readonly void: boolean;
  readonly recovery: readonly { readonly target: string; readonly ms: number }[];
  readonly against?: object;
}

/** What must be back in which time, and who counts as it, the slowest first. */
const CLASSES = [
  { name: 'broker', asked: 45, holds: /^kafka$/ },
  { name: 'PostgreSQL or Redis', asked: 20, holds: /^(postgres|redis)$/ },
  { name: 'consumers', asked: 15, holds: /^(messaging|notification|search|activity)/ },
  { name: 'services', asked: 10, holds: /./ },
] as const;
const NOT_SHOWN = new Set(['at', 'commit', 'load', 'cores', 'what', 'examples', 'statuses']);

/** Tables and sums of these lines. */
export function tablesOf(text: string): string {
  const lines = text
    .split('\n')
    .filter((line) => line !== '')
    // Written by tellTorture.
    .map((line) => JSON.parse(line) as Line);
  const schedules = lines.filter((line): line is Schedule => line.what === 'schedule');
  const others = lines.filter(({ what }) => what !== 'schedule');
  return [
    sumOf(schedules),
    '',
    '| Seed | Driver | Acknowledged | Client errors | Sent again | Got again | Recovery (ms, per bout) | Faults, by bout |',
    '|---|---|---|---|---|---|---|---|',
    ...schedules.map(rowOf),
    '',
    '| When | Load | What | Found |',
    '|---|---|---|---|',
    ...others.map((line) => `| ${dayOf(line)} | ${line.load} | ${line.what} | ${foundIn(line)} |`),
  ].join('\n');
}

function sumOf(schedules: readonly Schedule[]): string {
  const acked = schedules.reduce((sum, row) => sum + row.acked, 0);
  const isVoid = schedules.filter((row) => row.void).length;
  const bad = schedules.filter(({ against }) => against !== undefined).map(({ seed }) => seed);
  const times = CLASSES.map(({ name, asked }) => `${name} ${p95Of(schedules, name)} (${asked} s)`);
  return (
    `${schedules.length} schedules, ${isVoid} of them void, ${acked} acknowledged events; ` +
    `${bad.length === 0 ? 'nothing found' : `findings at seeds ${bad.join(', ')}`}. ` +
    `p95 of recovery in ms, by the slowest that a bout breaks, and what is asked: ${times.join(', ')}.`
  );
}

function rowOf(row: Schedule): string {
  const note = row.against === undefined ? (row.void ? ' (void)' : '') : ' **bad**';
  const ms = boutsOf(row).map((bout) => bout.ms);
  const cells = [`${row.seed}${note}`, row.driver, row.acked, row.errors, row.duplicates];
  cells.push(row.redelivered ?? '');
  return `| ${[...cells, ms.join(', '), row.faults.join('; ')].join(' | ')} |`;
}

/** Faults of a bout are healed together: each has the same time. */
function boutsOf({ faults, recovery }: Schedule): { targets: string[]; ms: number }[] {
  const bouts: { targets: string[]; ms: number }[] = [];
  let from = 0;
  for (const fault of faults) {
    const entries = recovery.slice(from, from + fault.split(' + ').length);
    from += entries.length;
    const [first] = entries;
    if (first !== undefined) bouts.push({ targets: entries.map((e) => e.target), ms: first.ms });
  }
  return bouts;
}

function p95Of(schedules: readonly Schedule[], name: string): number | string {
  const ms = schedules
    .flatMap(boutsOf)
    .filter((bout) => classOf(bout.targets) === name)
    .map((bout) => bout.ms)
    .toSorted((a, b) => a - b);
  return ms[Math.ceil(ms.length * 0.95) - 1] ?? 'none';
}

function classOf(targets: readonly string[]): string | undefined {
  return CLASSES.find(({ holds }) => targets.some((target) => holds.test(target)))?.name;
}

function dayOf({ at, commit }: Line): string {
  return `${at.slice(0, 10)}, ${commit}`;
}

function foundIn(line: Line): string {
  return Object.entries(line)
    .filter(([name]) => !NOT_SHOWN.has(name))
    .map(([name, value]) => `${name} ${JSON.stringify(value).replaceAll('"', '')}`)
    .join(', ');
}
