import { deadLetterTopicOf, type EventType } from '@nova/events';
import type { TopicDescription } from '@nova/kafka';
import { durationText } from '../duration.ts';
import type { Column } from '../table.ts';

/** What Kafka has, by topic; undefined where Kafka could not be asked. */
export type Described = ReadonlyMap<string, TopicDescription> | undefined;

/** A row of `topics`. */
export interface TopicRow {
  readonly eventType: EventType;
  readonly topic: string;
}

/** The topics of event types, or of their dead letters. */
export function topicRows(types: readonly EventType[], deadLetters: boolean): readonly TopicRow[] {
  return types.map((eventType) => ({
    eventType,
    topic: deadLetters ? deadLetterTopicOf(eventType.type) : eventType.topic,
  }));
}

/** Columns of the table. */
export const COLUMNS: readonly Column[] = [
  { title: 'TOPIC' },
  { title: 'AGGREGATE' },
  { title: 'OWNER' },
  { title: 'CONSUMERS' },
  { title: 'PARTITIONS', align: 'right' },
  { title: 'KEPT', align: 'right' },
  { title: 'RECORDS', align: 'right' },
];

/** A line of the table. */
export function topicCells({ eventType, topic }: TopicRow, described: Described): string[] {
  const { aggregateType, owner, draft, consumers } = eventType;
  const found = described?.get(topic);
  const missing = described === undefined ? '?' : 'missing';
  return [
    topic,
    aggregateType,
    draft ? `${owner} (draft)` : owner,
    consumers.join(', '),
    found === undefined ? missing : String(found.partitions),
    found === undefined ? '' : retentionText(found.retentionMs),
    found === undefined ? '' : found.records.toLocaleString('en-US'),
  ];
}

/** A row as a JSON document. */
export function topicDocument({ eventType, topic }: TopicRow, described: Described) {
  const { type, aggregateType, owner, draft, schemaVersion, consumers, fields } = eventType;
  const found = described?.get(topic);
  return {
    topic,
    event_type: type,
    aggregate_type: aggregateType,
    owner,
    draft,
    schema_version: schemaVersion,
    consumers,
    fields: fields.map(({ name, required }) => ({ name, required })),
    kafka:
      found === undefined
        ? null
        : {
            partitions: found.partitions,
            retention_ms: found.retentionMs,
            records: found.records,
          },
  };
}

function retentionText(retentionMs: number | undefined): string {
  if (retentionMs === undefined) return '?';
  return retentionMs < 0 ? 'for ever' : durationText(retentionMs).replace(/ 0 h$/, '');
}
