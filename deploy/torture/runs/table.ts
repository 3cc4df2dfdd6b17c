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
  /** Not in rows of before it was counted so. */
  readonly recoveryFrom?: 'lifted';
  readonly against?: object;
}

/** What must be back in which time, and who counts as it, a link as its client; the slowest first. */
const CLASSES = [
  { name: 'broker', asked: 45, holds: /^kafka$/ },
  { name: 'PostgreSQL or Redis', asked: 20, holds: /^(postgres|redis)$/ },
  { name: 'consumers', asked: 15, holds: /^(messaging|notification|search|activity)/ },
  { name: 'services', asked: 10, holds: /./ },
] as const;
/** From when recovery is counted. */
const DEFINITIONS = [
  { name: 'the last fault of the bout being lifted', holds: isFromLifted },
  {
    name: 'all that the bout broke being there again',
    holds: (row: Schedule) => !isFromLifted(row),
  },
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
    '| Recovery counted from | Slowest that was broken | Asked (s) | p95 (ms), bouts | p95 (ms), bouts of a single fault |',
    '|---|---|---|---|---|',
    ...DEFINITIONS.flatMap(({ name, holds }) => recoveryRows(name, schedules.filter(holds))),
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
  const both = schedules.filter((row) => row.errors > 0 && againIn(row) > 0).length;
  return (
    `${schedules.length} schedules, ${isVoid} of them void, ${acked} acknowledged events; ` +
    `${bad.length === 0 ? 'nothing found' : `findings at seeds ${bad.join(', ')}`}. ` +
    `In ${both} clients saw errors and something came again, in the other ${schedules.length - isVoid - both} that are not void one of both.`
  );
}

/** Records that were sent again, and events that consumers got again. */
function againIn({ duplicates, redelivered = 0 }: Schedule): number {
  return duplicates + redelivered;
}

function isFromLifted({ recoveryFrom }: Schedule): boolean {
  return recoveryFrom === 'lifted';
}

/** A row for each class; none where nothing was counted so. */
function recoveryRows(from: string, schedules: readonly Schedule[]): string[] {
  if (schedules.length === 0) return [];
  const bouts = schedules.flatMap(boutsOf);
  return CLASSES.map(({ name, asked }) => {
    const ofClass = bouts.filter(({ targets }) => classOf(targets) === name);
    const single = ofClass.filter(({ targets }) => targets.length === 1);
    return `| ${[from, name, asked, p95Of(ofClass), p95Of(single)].join(' | ')} |`;
  });
}

function rowOf(row: Schedule): string {
  const note = row.against === undefined ? (row.void ? ' (void)' : '') : ' **bad**';
  const ms = boutsOf(row).map((bout) => bout.ms);
  const cells = [`${row.seed}${note}`, row.driver, row.acked, row.errors, row.duplicates];
  cells.push(row.redelivered ?? '');
  return `| ${[...cells, ms.join(', '), row.faults.join('; ')].join(' | ')} |`;
}

/** Faults of a bout end together, when all works again: each has the same time. */
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

/** With how many that is said of. */
function p95Of(bouts: readonly { readonly ms: number }[]): string {
  const ms = bouts.map((bout) => bout.ms).toSorted((a, b) => a - b);
  const p95 = ms[Math.ceil(ms.length * 0.95) - 1];
  return p95 === undefined ? 'none' : `${p95} of ${ms.length}`;
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
