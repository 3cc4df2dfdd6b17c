import { durationText } from '../duration.ts';
import type { Output } from '../output.ts';
import type { DeliveryWord, TracedDelivery } from './delivery.ts';
import type { TracedRecord } from './find-record.ts';
import type { Trace, TracedEvent } from './trace.ts';

/** Prints a trace for people: the event, its record, a line per consumer. */
export function printTrace({ event, kafka, consumers }: Trace, out: Output): void {
  const facts: [string, string][] = [
    ['event', `${event.event_id}  ${event.event_type}`],
    [
      'aggregate',
      `${event.aggregate_type}/${event.aggregate_id}, version ${event.aggregate_version} ` +
        `(number ${event.type_sequence} of its type)`,
    ],
    ['log', `${event.position}, stored at ${event.stored_at} from ${event.source}`],
    ['Kafka', recordText(kafka, event, out)],
  ];
  for (const [name, text] of facts) out.line(`${name.padEnd(11)}${text}`);
  out.line();
  if (consumers.length === 0) {
    out.line('no consumer has registered yet');
    return;
  }
  out.table(
    [{ title: 'CONSUMER' }, { title: 'STATE' }, { title: 'WHEN' }, { title: '' }],
    consumers.map((one) => [
      `${one.service}/${one.consumer}`,
      paint(one.state, out),
      whenText(one, event),
      detailText(one, event),
    ]),
  );
}

function recordText(record: TracedRecord, event: TracedEvent, { style }: Output): string {
  const place = `${record.topic}, partition ${record.partition}`;
  switch (record.state) {
    case 'published': {
      const after = afterText(event.stored_at, record.published_at ?? '');
      return `${place}, offset ${record.offset}, published at ${record.published_at}${after}`;
    }
    case 'waiting':
      return `${place}: ${style.warn('not published yet')}; ./nova status tells how the relay is doing`;
    case 'parked':
      return `${place}: ${style.bad('parked in the relay')}, Kafka refuses it or one before it: ${record.reason}`;
    case 'gone':
      return `${place}: published, but no longer in the topic (the log keeps it for ever)`;
    case 'unknown':
      return `${place}: ${style.warn('not known')}: ${record.reason}`;
  }
}

function whenText(one: TracedDelivery, event: TracedEvent): string {
  switch (one.state) {
    case 'applied':
      if (one.applied_at === undefined) return '';
      return one.applied_version === event.aggregate_version
        ? `${one.applied_at}${afterText(event.stored_at, one.applied_at)}`
        : `by ${one.applied_at}`;
    case 'retrying':
    case 'parked':
      return one.failed_at === undefined ? '' : `failed at ${one.failed_at}`;
    case 'not_running':
    case 'unreachable':
      return one.last_seen_at === undefined ? '' : `last seen ${one.last_seen_at}`;
    default:
      return '';
  }
}

function detailText(one: TracedDelivery, event: TracedEvent): string {
  const details: string[] = [];
  if (one.state === 'applied' && one.applied_version !== event.aggregate_version) {
    details.push(`with version ${one.applied_version}`);
  }
  if (one.filled_at !== undefined) details.push(`filled from the log at ${one.filled_at}`);
  if (one.attempts !== undefined) details.push(`${one.attempts} attempts`);
  if (one.next_attempt_at !== undefined) details.push(`next at ${one.next_attempt_at}`);
  if (one.offset !== undefined) {
    details.push(`waits with ${one.topic}, partition ${one.partition}, offset ${one.offset}`);
  }
  if (one.reason !== undefined) details.push(one.reason);
  return details.join('; ');
}

/** ` (12 ms later)`, or nothing where the clocks say that it was earlier. */
function afterText(from: string, to: string): string {
  const ms = Date.parse(to) - Date.parse(from);
  return ms >= 0 ? ` (${durationText(ms)} later)` : '';
}

function paint(state: DeliveryWord, { style }: Output): string {
  const word = state.replaceAll('_', ' ');
  switch (state) {
    case 'applied':
      return style.good(word);
    case 'parked':
      return style.bad(word);
    case 'not_subscribed':
      return style.faint(word);
    default:
      return style.warn(word);
  }
}
