import type { BenchResults, BenchRun, Reached, ScenarioResult, Summary } from './results.ts';
import { loadedRounds } from './results.ts';
import type { Measured, Metric } from './scenario.ts';

/** Causes of what is slower than hoped, by scenario; written by hand and kept with the figures. */
export type Findings = Readonly<Record<string, readonly string[]>>;

const VERDICTS = {
  aim: 'aim reached',
  floor: 'floor reached',
  missed: '**missed**',
  wrong: '**wrong: zero**',
  unknown: 'not measured',
} as const;

/** The report of a run, in Markdown. */
export function reportOf(
  results: BenchResults,
  before: BenchResults | undefined,
  findings: Findings,
): string {
  const scenarios = results.runs.flatMap((run) => run.scenarios);
  return [
    '# Benchmarks: report',
    '',
    'Written by `./nova bench`; do not edit. [README.md](README.md) says what is measured and how.',
    '',
    ...machineLines(results.runs),
    '',
    '## What was to be reached',
    '',
    ...targetLines(scenarios),
    ...slowerLines(scenarios, findings),
    ...results.runs.flatMap((run) => run.scenarios.flatMap((one) => scenarioLines(one, run))),
    ...(before === undefined ? [] : compareLines(results, before)),
    '',
  ].join('\n');
}

function machineLines(runs: readonly BenchRun[]): readonly string[] {
  const [first] = runs;
  if (first === undefined) return ['Nothing was run.'];
  const { machine } = first;
  const scenarios = runs.flatMap((run) => run.scenarios);
  const seconds = scenarios.reduce((sum, one) => sum + one.seconds, 0);
  const loaded = scenarios.reduce((sum, one) => sum + loadedRounds(one), 0);
  const began = [...new Set(runs.map(({ startedAt }) => startedAt))].toSorted();
  const of = began.length === 1 ? '' : ` to ${began.at(-1)}, ${began.length} runs`;
  const settings = Object.entries(machine.settings).map(([name, value]) => `${name} ${value}`);
  const loads = runs.map(({ machine: { loadAtStart } }) => loadAtStart);
  return table(
    ['', ''],
    [
      ['Run', `${began[0]}${of}, ${Math.round(seconds)} s in all`],
      ['Code', `commit ${machine.commit}, the last that changed something of what is measured`],
      [
        'Machine',
        `${machine.cores} cores (${machine.processor}), ${machine.memoryGib} GiB, ${machine.system}`,
      ],
      ['Versions', `Node ${machine.node}, PostgreSQL ${machine.postgres}, Kafka ${machine.kafka}`],
      ['PostgreSQL', settings.join(', ')],
      ['Figures', 'subjects taking turns in every round; medians (least–most)'],
      [
        'Load of others',
        `load average ${Math.max(...loads).toFixed(1)} at most at the start; ${loaded} rounds count although others had more than 15 % of the machine`,
      ],
    ],
  );
}

function targetLines(scenarios: readonly ScenarioResult[]): readonly string[] {
  const rows = scenarios.flatMap(({ name, reached }) =>
    reached.map((one) => [
      name,
      one.what,
      one.value === undefined ? '' : valueText(one, one.value),
      limitText(one, one.floor),
      limitText(one, one.aim),
      VERDICTS[one.verdict],
    ]),
  );
  if (rows.length === 0) return ['Nothing: no scenario with targets was run.'];
  return table(['', 'What', 'Measured', 'Floor', 'Aim', ''], rows);
}

function slowerLines(scenarios: readonly ScenarioResult[], findings: Findings): readonly string[] {
  const missing = scenarios.filter(({ reached }) =>
    reached.some(({ verdict }) => verdict === 'missed' || verdict === 'wrong'),
  );
  if (missing.length === 0) return [];
  const lines = missing.flatMap(({ name, reached }) => [
    `- ${name}: ${reached
      .filter(({ verdict }) => verdict === 'missed' || verdict === 'wrong')
      .map(({ what }) => what)
      .join('; ')}`,
    ...(findings[name] ?? ['Not yet looked into.']).map((text) => `  - ${text}`),
  ]);
  return ['', '## Slower than hoped, and why', '', ...lines];
}

function scenarioLines(result: ScenarioResult, { sizes }: BenchRun): readonly string[] {
  const { name, question, notes, metrics, seconds, failed, measured } = result;
  const titles = metrics.map(({ title, unit }) => `${title}, ${unit}`);
  const rows = measured.map((one) => [
    one.subject,
    ...metrics.map((metric) => cell(metric, one.summaries)),
    roundsText(one),
  ]);
  return [
    '',
    `## ${name}: ${question}`,
    '',
    ...(failed === undefined ? [] : [`**Could not be carried out:** ${failed.split('\n')[0]}`]),
    ...(rows.length === 0 ? [] : table(['', ...titles, 'rounds'], rows)),
    '',
    ...notes.map((note) => `- ${note}`),
    `- ${roundsOf(measured)} rounds with --events ${sizes.events}; took ${Math.round(seconds)} s.`,
  ];
}

/** As many as there are: a scenario may have run out of time. */
function roundsOf(measured: readonly Measured[]): number {
  return Math.max(0, ...measured.map(({ rounds }) => rounds.length));
}

function roundsText({ rounds }: Measured): string {
  const wrong = rounds.flatMap((round) => (round.wrong === undefined ? [] : [round.wrong]));
  const repeated = rounds.reduce((sum, round) => sum + round.repeated, 0);
  const foreign = Math.max(...rounds.map((round) => round.foreign ?? 0));
  return [
    String(rounds.length),
    `others at most ${Math.round(foreign * 100)} %`,
    ...(repeated > 0 ? [`${repeated} repeated`] : []),
    ...(wrong.length > 0 ? [`**${wrong.length} wrong: ${wrong[0]}**`] : []),
  ].join(', ');
}

function cell({ key }: Metric, summaries: readonly Summary[]): string {
  const found = summaries.find(({ metric }) => metric === key);
  if (found === undefined) return '';
  return `${numberText(found.median)} (${numberText(found.least)}–${numberText(found.most)})`;
}

function compareLines(results: BenchResults, before: BenchResults): readonly string[] {
  const old = before.runs.flatMap(({ scenarios }) => scenarios);
  const scenarios = results.runs.flatMap((run) => run.scenarios);
  const rows = scenarios.flatMap(({ name, measured, metrics }) => {
    const then = old.find((one) => one.name === name)?.measured ?? [];
    return measured.flatMap((one) => {
      const was = then.find(({ subject }) => subject === one.subject)?.summaries ?? [];
      return metrics.flatMap((metric) => compareRow(name, one, metric, was));
    });
  });
  const [of] = before.runs;
  const head = ['', 'Subject', 'What', 'Before', 'Now', 'Ratio'];
  return [
    '',
    `## Against the run of ${of?.startedAt}, commit ${of?.machine.commit}`,
    '',
    ...table(head, rows),
  ];
}

function compareRow(
  scenario: string,
  { subject, summaries }: ScenarioResult['measured'][number],
  { key, title }: Metric,
  was: readonly Summary[],
): readonly (readonly string[])[] {
  const [now, then] = [summaries, was].map((all) => all.find(({ metric }) => metric === key));
  if (now === undefined || then === undefined) return [];
  const ratio = `×${(now.median / then.median).toFixed(2)}`;
  return [[scenario, subject, title, numberText(then.median), numberText(now.median), ratio]];
}

function valueText({ against }: Reached, value: number): string {
  return against === undefined ? numberText(value) : `×${numberText(value)}`;
}

function limitText(reached: Reached, limit: number | undefined): string {
  return limit === undefined ? '' : valueText(reached, limit);
}

/** Three digits that say something. */
export function numberText(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size >= 100) return Math.round(value).toLocaleString('en-US');
  if (size >= 10) return value.toFixed(1);
  return String(Number(value.toPrecision(3)));
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)];
}
