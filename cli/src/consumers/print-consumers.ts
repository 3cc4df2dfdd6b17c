import { durationText } from '../duration.ts';
import type { Output } from '../output.ts';
import type { ConsumerStanding, ConsumerWord } from './consumer-standing.ts';

/** Prints a line per consumer: what it does, its lag, what fails and what it has parked. */
export function printConsumers(consumers: readonly ConsumerStanding[], out: Output): void {
  out.line();
  out.table(
    [
      { title: 'CONSUMER' },
      { title: 'STATE' },
      { title: 'GENERATION', align: 'right' },
      { title: 'LAG', align: 'right' },
      { title: 'BEHIND', align: 'right' },
      { title: 'RETRYING', align: 'right' },
      { title: 'PARKED' },
      { title: 'TROUBLE' },
    ],
    consumers.map((one) => rowOf(one, out)),
  );
}

function rowOf(one: ConsumerStanding, out: Output): string[] {
  const { style } = out;
  const isKnown = one.state !== 'not_running' && one.state !== 'unreachable';
  const count = (value: bigint) => (isKnown ? value.toLocaleString('en-US') : '?');
  const parked = parkedText(one);
  return [
    `${one.service}/${one.consumer}`,
    paint(one.state, out),
    one.generation === 0 ? '' : String(one.generation),
    count(one.lag_events),
    isKnown ? durationText(one.lag_seconds * 1000) : '?',
    one.retrying_aggregates === 0n ? count(0n) : style.warn(String(one.retrying_aggregates)),
    parked === '' ? count(0n) : style.bad(parked),
    one.trouble.split('\n')[0] ?? '',
  ];
}

/** `2 aggregates (7 events), 1 effect`; empty when nothing is parked. */
function parkedText({
  parked_aggregates,
  parked_events,
  parked_effects,
}: ConsumerStanding): string {
  const parts: string[] = [];
  if (parked_aggregates > 0n) {
    parts.push(`${counted(parked_aggregates, 'aggregate')} (${counted(parked_events, 'event')})`);
  }
  if (parked_effects > 0n) parts.push(counted(parked_effects, 'effect'));
  return parts.join(', ');
}

function counted(count: bigint, what: string): string {
  return `${count.toLocaleString('en-US')} ${what}${count === 1n ? '' : 's'}`;
}

function paint(state: ConsumerWord, { style }: Output): string {
  const word = state.replaceAll('_', ' ');
  switch (state) {
    case 'running':
      return style.good(word);
    case 'not_running':
      return style.faint(word);
    case 'stopped':
    case 'paused':
    case 'unreachable':
      return style.bad(word);
    default:
      return style.warn(word);
  }
}
