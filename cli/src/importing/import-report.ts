import { writeFile } from 'node:fs/promises';
import { durationText } from '../duration.ts';
import type { Finding } from '../irc/finding.ts';
import type { Output } from '../output.ts';
import type { ImportResult } from './import-logs.ts';
import { countText } from './progress-line.ts';
import type { Tally } from './tally.ts';

/** Findings shown on the screen; all of them are in the report. */
const SHOWN = 20;
const SEVERITIES = {
  skipped: 'not understood, not imported',
  altered: 'imported with a change',
  noted: 'imported with a doubt',
  refused: 'refused by events-service',
} as const satisfies Record<Finding['severity'], string>;
const SEVERITY_NAMES = Object.keys(SEVERITIES) as readonly Finding['severity'][];

/** The result as one document, every finding included. */
export function reportDocument(result: ImportResult, reportFile: string | undefined) {
  const { tally } = result;
  const outcomes = (name: Parameters<Tally['lines']['get']>[0]) => tally.lines.get(name) ?? 0;
  return {
    files: { imported: tally.filesDone, skipped: tally.skippedFiles },
    lines: {
      read: tally.linesRead,
      imported: outcomes('events'),
      nothing_new: outcomes('nothing new'),
      markers: outcomes('marker'),
      blank: outcomes('blank'),
      not_understood: outcomes('skipped'),
    },
    grammars: Object.fromEntries(tally.grammars),
    events: Object.fromEntries(
      [...tally.types].map(([type, count]) => [
        type,
        { new: count.new, already_there: count['already there'], refused: count.refused },
      ]),
    ),
    stored: tally.stored,
    already_there: tally.alreadyThere,
    refused: tally.refused,
    reasons: Object.fromEntries(
      SEVERITY_NAMES.map((severity) => [
        severity,
        Object.fromEntries(tally.findings.counts(severity)),
      ]),
    ),
    findings: tally.findings.list(),
    findings_left_out: tally.findings.leftOut,
    report_file: reportFile,
    interrupted: result.interrupted,
    duration_ms: Math.round(result.ms),
  };
}

/** The result as tables for people. */
export function printReport(result: ImportResult, out: Output): void {
  const { tally } = result;
  printLines(tally, out);
  out.line();
  out.table(
    [
      { title: 'EVENT TYPE' },
      { title: 'NEW', align: 'right' },
      { title: 'ALREADY THERE', align: 'right' },
      { title: 'REFUSED', align: 'right' },
    ],
    [
      ...[...tally.types].map(([type, count]) => [
        type,
        countText(count.new),
        countText(count['already there']),
        countText(count.refused),
      ]),
      ['all', countText(tally.stored), countText(tally.alreadyThere), countText(tally.refused)],
    ],
  );
  for (const severity of SEVERITY_NAMES) printFindings(tally, severity, out);
  for (const { file, reason } of tally.skippedFiles) out.line(`not imported: ${file}: ${reason}`);
  out.line();
  const perSecond = result.ms === 0 ? 0 : Math.round((tally.events * 1000) / result.ms);
  out.line(
    `${countText(tally.stored)} events stored, ${countText(tally.alreadyThere)} were already there; ` +
      `${durationText(result.ms)}, ${countText(perSecond)} events/s`,
  );
}

function printLines(tally: Tally, out: Output): void {
  const count = (name: Parameters<Tally['lines']['get']>[0]) =>
    countText(tally.lines.get(name) ?? 0);
  out.table(
    [{ title: 'LINES' }, { title: '', align: 'right' }, { title: '' }],
    [
      ['read', countText(tally.linesRead), `from ${countText(tally.filesDone)} files`],
      ['imported', count('events'), ''],
      ['nothing new', count('nothing new'), 'joins of members, leaves of those who had left'],
      ['date markers', count('marker'), ''],
      ['blank', count('blank'), ''],
      ['not understood', count('skipped'), ''],
    ].filter(([name, number]) => number !== '0' || name === 'not understood'),
  );
  if (tally.grammars.size === 0) return;
  out.line();
  out.table(
    [{ title: 'UNDERSTOOD AS' }, { title: 'LINES', align: 'right' }],
    [...tally.grammars]
      .sort((a, b) => b[1] - a[1])
      .map(([name, lines]) => [name, countText(lines)]),
  );
}

function printFindings(tally: Tally, severity: Finding['severity'], out: Output): void {
  const total = tally.findings.count(severity);
  if (total === 0) return;
  out.line();
  const reasons = tally.findings
    .counts(severity)
    .map(([reason, count]) => `${reason} ${countText(count)}`)
    .join(', ');
  out.line(`${SEVERITIES[severity]}: ${countText(total)} (${reasons})`);
  const shown = tally.findings.list().filter((finding) => finding.severity === severity);
  for (const finding of shown.slice(0, SHOWN)) out.line(`  ${findingText(finding)}`);
  if (total > SHOWN) {
    out.line(`  … and ${countText(total - SHOWN)} more; --report FILE or -o json has them all`);
  }
}

/** Writes every finding and skipped file, one per line: `file:line: severity: reason: beginning`. */
export async function writeReportFile(path: string, tally: Tally): Promise<void> {
  const lines = [
    ...tally.skippedFiles.map(({ file, reason }) => `${file}: skipped file: ${reason}`),
    ...tally.findings
      .list()
      .map((finding) => `${finding.file}:${finding.line}: ${finding.severity}: ${tail(finding)}`),
  ];
  if (tally.findings.leftOut > 0) lines.push(`${tally.findings.leftOut} more were only counted`);
  await writeFile(path, lines.map((line) => `${line}\n`).join(''));
}

function findingText(finding: Finding): string {
  return `${finding.file}:${finding.line}: ${tail(finding)}`;
}

function tail({ reason, excerpt }: Finding): string {
  return `${reason}: ${excerpt}`;
}
