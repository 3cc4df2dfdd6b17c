import { durationText } from '../duration.ts';
import type { Output } from '../output.ts';
import type { SupervisorEvent, Watcher } from './supervisor-event.ts';

/** A watcher that shows every event to the person at the terminal, or as plain lines. */
export function showingWatcher(out: Output): Watcher {
  const running = new Set<string>();
  const showRunning = () => {
    if (running.size > 0) out.progress(`  … ${[...running].join(', ')}`);
    else out.progressDone();
  };
  return (event) => {
    if (event.kind === 'step_started') running.add(event.step);
    if (event.kind === 'step_done') running.delete(event.step);
    if (event.kind === 'failed') running.clear();
    for (const line of linesOf(event, out)) out.note(line);
    if (event.kind === 'step_started' || event.kind === 'step_done') showRunning();
  };
}

function linesOf(event: SupervisorEvent, out: Output): string[] {
  const { style } = out;
  switch (event.kind) {
    case 'step_done': {
      const note = event.note === '' ? '' : `  ${style.faint(event.note)}`;
      const time = durationText(event.ms).padStart(7);
      return [`  ${style.good('ok')} ${event.step.padEnd(16)} ${style.faint(time)}${note}`];
    }
    case 'part_exited': {
      const { part, how, restartInMs, lastLines } = event.exit;
      return [
        `${style.bad('!!')} ${part}: ${how}; it is started again in ${durationText(restartInMs)}`,
        ...lastLines.map((line) => style.faint(`     ${line}`)),
      ];
    }
    case 'part_recovered':
      return [`${style.good('ok')} ${event.part} is back after ${durationText(event.ms)}`];
    case 'stopping':
      return ['stopping …'];
    case 'part_stopped':
      return [
        `  ${event.killed ? style.warn('killed') : style.good('stopped')} ${event.part}${
          event.killed ? ' (it did not drain in time)' : ''
        }`,
      ];
    case 'step_started':
    case 'ready':
    case 'failed':
      return [];
  }
}
