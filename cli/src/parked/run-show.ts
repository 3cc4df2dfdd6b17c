import { NovaError } from '@nova/errors';
import type { GetParkedResponse, ParkedAggregate } from '@nova/proto/gen/ops/ops_service_pb';
import { timeText } from '../consumers/registered-consumer.ts';
import { errors } from '../errors.ts';
import type { Output } from '../output.ts';
import { type ExitCode, type Invocation, wrongUse } from '../verb.ts';
import { type AskedConsumer, withConsumers } from './consumers-asked.ts';
import { aggregatesOf, parkedDocument } from './run-list.ts';

type Call = Pick<Invocation, 'args' | 'out' | 'environment' | 'portOffset'>;

const SHOWN_BYTES = 2000;

/** `parked show`: why an aggregate fails at each consumer, and the records that wait. */
export function runShow(
  call: Call,
  wishes: { readonly consumer: string | undefined; readonly records: number },
): Promise<ExitCode> {
  const { type, id } = aggregateOf(call.args[0] ?? '');
  return withConsumers(call, wishes.consumer, async (consumers): Promise<ExitCode> => {
    const found: GetParkedResponse[] = [];
    for (const one of consumers) {
      for (const { aggregateType, aggregateId } of await parkedAt(one, type, id)) {
        const name = { aggregateType, aggregateId };
        found.push(await one.client.getParked({ ...name, pageSize: wishes.records }));
      }
    }
    if (found.length === 0) throw new NovaError(errors.CLI_NOT_PARKED, { aggregate: id });
    if (call.out.format === 'json') call.out.json({ aggregates: found.map(documentOf) });
    else for (const one of found) print(one, call.out);
    return 0;
  });
}

function parkedAt(
  consumer: AskedConsumer,
  aggregateType: string,
  aggregateId: string,
): Promise<readonly ParkedAggregate[]> {
  return aggregatesOf(consumer, { aggregateType, aggregateId, includeRetrying: true });
}

/** `conversation/<id>`, or the id alone. */
function aggregateOf(text: string): { readonly type: string; readonly id: string } {
  const [first = '', ...rest] = text.split('/');
  if (text === '' || (rest.length > 0 && (first === '' || rest.join('/') === ''))) {
    throw wrongUse(`an aggregate is TYPE/ID or ID: ${text}`);
  }
  return rest.length === 0 ? { type: '', id: first } : { type: first, id: rest.join('/') };
}

function documentOf({ aggregate, stack, records }: GetParkedResponse) {
  return {
    ...(aggregate === undefined ? {} : parkedDocument(aggregate)),
    stack,
    records: records.map((record) => ({
      aggregate_version: record.aggregateVersion,
      event_id: record.eventId,
      event_type: record.eventType,
      topic: record.topic,
      partition: record.partition,
      offset: record.offset,
      published_at: timeText(record.publishedAt),
      parked_at: timeText(record.parkedAt),
      headers: record.headers,
      value: textOf(record.value),
    })),
  };
}

function print({ aggregate, stack, records }: GetParkedResponse, out: Output): void {
  if (aggregate === undefined) return;
  const { style } = out;
  const one = parkedDocument(aggregate);
  out.line(style.strong(`${one.aggregate_type}/${one.aggregate_id} at ${one.consumer}`));
  const facts = [
    ['state', `${one.state}, ${one.waiting_events} events wait`],
    ['fails', `version ${one.failed_version}, ${one.event_type}, event ${one.event_id}`],
    ['error', `${one.error_code}: ${one.reason}`],
    ['cause', `${one.fingerprint} ${one.frame}`],
    ['tried', `${one.attempts} times by ${one.consumer_version}`],
    ['first', one.first_failed_at],
    ['last', one.failed_at],
    ...(one.next_attempt_at === '' ? [] : [['next', one.next_attempt_at]]),
  ];
  for (const [name = '', value = ''] of facts)
    out.line(`  ${style.faint(name.padEnd(6))} ${value}`);
  for (const line of stack.split('\n').slice(1)) out.line(style.faint(`  ${line.trimStart()}`));
  for (const record of records) {
    const { topic, partition, offset } = record;
    const place = topic === '' ? 'read from the log' : `${topic}/${partition} at ${offset}`;
    out.line(`  version ${record.aggregateVersion}  ${record.eventType}  ${place}`);
    out.line(`    ${textOf(record.value).slice(0, SHOWN_BYTES)}`);
  }
  out.line();
}

function textOf(value: Uint8Array): string {
  return Buffer.from(value).toString('utf8');
}
