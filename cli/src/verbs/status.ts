import { systemClock } from '@nova/time';
import { printConsumers } from '../consumers/print-consumers.ts';
import { durationText } from '../duration.ts';
import { fullDiskLine } from '../full-disk.ts';
import type { Output } from '../output.ts';
import type { BacklogStatus, HealthWord, PartStatus, StatusReport } from '../status-report.ts';
import { defineVerb } from '../verb.ts';

/** `status`: what runs, where, and how it is doing. */
export const status = defineVerb({
  name: 'status',
  summary: 'what runs, where, and how it is doing',
  description:
    'Asks every part a real request of its protocol, the log for its backlog, and every registered ' +
    'consumer, of all teams, for its lag and for what it has parked. Exit code 1 when a part is down ' +
    'or when a consumer or the relay has parked something, which waits for an operator.',
  options: {},
  examples: [
    { command: './nova status', meaning: 'all parts, the log, all consumers' },
    { command: './nova status -o json', meaning: 'the same for a program' },
  ],
  async run({ out, ...invocation }) {
    // Loaded only here: they bring gRPC.
    const { openStack } = await import('../stack.ts');
    const { statusReport } = await import('../status-report.ts');
    const { needsOperator } = await import('../consumers/consumer-standing.ts');
    const report = await statusReport(openStack(invocation));
    if (out.format === 'json') out.json(report);
    else print(report, out);
    const isParked = (report.backlog?.parked_aggregates ?? 0n) > 0n;
    return report.running && !isParked && !report.consumers.some(needsOperator) ? 0 : 1;
  },
});

function print(report: StatusReport, out: Output): void {
  out.table(
    [
      { title: 'PART' },
      { title: 'STATE' },
      { title: 'PID', align: 'right' },
      { title: 'ADDRESS' },
      { title: 'MEMORY', align: 'right' },
      { title: 'FOR', align: 'right' },
      { title: 'HEALTH' },
    ],
    report.parts.map((part) => rowOf(part, out)),
  );
  out.line();
  out.line(`memory of all processes: ${megabytes(report.memory_bytes)}`);
  const full = fullDiskLine(report.state_directory, report.free_bytes);
  if (full !== undefined) out.line(out.style.bad(full));
  if (report.backlog !== undefined) {
    out.line(backlogLine(report.backlog));
    if (report.backlog.parked_aggregates > 0n) out.line(parkedLine(report.backlog, out));
  }
  if (report.consumers.length > 0) printConsumers(report.consumers, out);
  if (report.parts.every(({ pid }) => pid === undefined)) {
    out.note(`nothing is running in ${report.state_directory}; start it with ./nova up`);
  }
}

function rowOf(part: PartStatus, out: Output): string[] {
  const restarts = part.restarts === 0 ? '' : ` (restarted ${part.restarts} times)`;
  const reason = part.reason === '' ? '' : `: ${part.reason.split('\n')[0]}`;
  return [
    part.name,
    part.state,
    part.pid === undefined ? '' : String(part.pid),
    part.address,
    part.memory_bytes === undefined ? '' : megabytes(part.memory_bytes),
    part.since === undefined ? '' : durationText(ageMs(part.since)),
    `${paint(part.health, out)}${reason}${restarts}`,
  ];
}

function paint(health: HealthWord, { style }: Output): string {
  if (health === 'healthy') return style.good(health);
  return health === 'degraded' ? style.warn(health) : style.bad(health);
}

function backlogLine(backlog: BacklogStatus): string {
  const bound = backlog.pending_is_upper_bound ? 'at most ' : '';
  const age = backlog.oldest_pending_age_ms;
  const oldest = age === undefined ? '' : `, the oldest for ${durationText(age)}`;
  const rate = backlog.published_per_second.toFixed(1);
  return `log: ${bound}${backlog.pending} events to publish${oldest}; ${rate} published per second; head ${backlog.head}`;
}

function parkedLine(backlog: BacklogStatus, { style }: Output): string {
  const { parked_aggregates: aggregates, parked_events: events } = backlog;
  const many = aggregates === 1n ? '1 aggregate' : `${aggregates} aggregates`;
  const text = `relay: ${many} parked, of which Kafka refuses the next event; waiting events: ${events}`;
  return `${style.bad(text)}; see ./nova relay parked list`;
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1024 / 1024)} MiB`;
}

function ageMs(since: string): number {
  return Math.max(0, systemClock.now().getTime() - Date.parse(since));
}
