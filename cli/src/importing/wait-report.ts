import { type ConsumerStanding, nameOf } from '../consumers/consumer-standing.ts';
import { durationText } from '../duration.ts';
import type { Output } from '../output.ts';
import { countText } from './progress-line.ts';
import { isQuiet, type WaitedConsumer, type WaitWord } from './wait-applied.ts';

/** How the waiting after an import ended. */
export interface Finish {
  readonly inKafka: boolean;
  /** Milliseconds from the last answer on: until all was in Kafka, and to the end of the waiting. */
  readonly inKafkaMs: number;
  readonly ms: number;
  readonly consumers: readonly WaitedConsumer[];
}

/** What is waited for now: `waiting for messaging/views 1,234, search/views 20`. */
export function waitingLine(standings: readonly ConsumerStanding[]): string {
  const parts = standings
    .filter((one) => one.state !== 'not_running' && !isQuiet(one))
    .map((one) => `${nameOf(one)} ${leftText(one)}`);
  return parts.length === 0 ? 'waiting for the consumers' : `waiting for ${parts.join(', ')}`;
}

function leftText(one: ConsumerStanding): string {
  if (one.state !== 'running') return `(${one.state.replaceAll('_', ' ')})`;
  if (one.lag_events > 0n) return countText(Number(one.lag_events));
  if (one.pending_effects > 0n) return `${countText(Number(one.pending_effects))} effects`;
  return `${countText(Number(one.retrying_aggregates))} retrying`;
}

/** The end of the waiting as part of the document; nothing was waited for: nothing. */
export function finishDocument(finish: Finish | undefined) {
  if (finish === undefined) return {};
  return {
    in_kafka: finish.inKafka,
    in_views: finish.inKafka && finish.consumers.every(isThrough),
    in_kafka_ms: Math.round(finish.inKafkaMs),
    waited_ms: Math.round(finish.ms),
    consumers: finish.consumers,
  };
}

/** A line per consumer: how it ended and how long it took after the last event was stored. */
export function printWaited(consumers: readonly WaitedConsumer[], out: Output): void {
  if (consumers.length === 0) return;
  out.line();
  out.table(
    [
      { title: 'CONSUMER' },
      { title: 'STATE' },
      { title: 'LAG', align: 'right' },
      { title: 'AFTER THE LAST EVENT', align: 'right' },
      { title: '' },
    ],
    consumers.map(({ service, consumer, state, lag_events, waited_ms, trouble }) => [
      `${service}/${consumer}`,
      paint(state, out),
      countText(Number(lag_events)),
      waited_ms === undefined ? '' : durationText(waited_ms),
      trouble,
    ]),
  );
}

/** Why the import is not wholly through, as a sentence; undefined when it is. */
export function whatIsLeft({ inKafka, consumers }: Finish): string | undefined {
  if (!inKafka) {
    return 'all events are stored, but not yet all in Kafka; ./nova status shows how many wait';
  }
  const left = consumers.filter((one) => !isThrough(one));
  if (left.length === 0) return undefined;
  const names = left.map(
    ({ service, consumer, state }) => `${service}/${consumer} (${state.replaceAll('_', ' ')})`,
  );
  return `all events are in Kafka, but not all in the views of ${names.join(', ')}; ./nova status tells more`;
}

// One that does not run was not waited for: it will read on when it is started.
function isThrough({ state }: WaitedConsumer): boolean {
  return state === 'applied' || state === 'not_running';
}

function paint(state: WaitWord, { style }: Output): string {
  const word = state.replaceAll('_', ' ');
  if (state === 'applied') return style.good(word);
  if (state === 'not_running') return style.faint(word);
  return state === 'parked' ? style.bad(word) : style.warn(word);
}
