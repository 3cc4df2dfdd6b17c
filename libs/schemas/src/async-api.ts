import type { JsonMap } from './json.ts';

/** An event type as the AsyncAPI document tells of it. */
export interface DescribedType {
  readonly type: string;
  readonly version: number;
  readonly aggregateType: string;
  readonly owner: string;
  readonly topic: string;
  readonly partitions: number;
  /** Services and consumers that read it. */
  readonly consumers: readonly string[];
  /** Why it should not be used any more; undefined where it may. */
  readonly deprecation: string | undefined;
  /** JSON Schema 2020-12 of its payload. */
  readonly schema: JsonMap;
}

/** Where the topics are, and what the document calls itself. */
export interface AsyncApiFrame {
  readonly version: string;
  /** `host:port` of brokers. */
  readonly brokers: readonly string[];
}

const KAFKA = '0.5.0';
const SCHEMA_FORMAT = 'application/schema+json;version=draft-2020-12';

/** The AsyncAPI 3.0 document of a catalogue: a channel per topic, nova sends, consumers receive. */
export function asyncApiDocument(types: readonly DescribedType[], frame: AsyncApiFrame): JsonMap {
  const sorted = types.toSorted((left, right) => (left.type < right.type ? -1 : 1));
  const each = (make: (type: DescribedType) => readonly (readonly [string, JsonMap])[]): JsonMap =>
    Object.fromEntries(sorted.flatMap(make));
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'nova events',
      version: frame.version,
      description:
        'Every event type of the mesh. A topic holds each event at least once, first occurrences ' +
        'in order per key: drop a record whose ce_novatypesequence is not above the highest one ' +
        'seen for its key. Events are published through events.EventsService, never to a topic.',
    },
    defaultContentType: 'application/json',
    servers: Object.fromEntries(
      frame.brokers.map((host, index) => [`kafka${index + 1}`, { host, protocol: 'kafka' }]),
    ),
    channels: each((type) => [[type.type, channelOf(type)]]),
    operations: each((type) => [
      [`publish_${type.type}`, operationOf(type, 'send', `nova publishes it for ${type.owner}`)],
      ...type.consumers.map(
        (consumer) =>
          [
            `${consumer.replaceAll(/[^A-Za-z0-9]+/g, '_')}_reads_${type.type}`,
            operationOf(type, 'receive', `${consumer} reads it`),
          ] as const,
      ),
    ]),
    components: {
      messages: each((type) => [[type.type, messageOf(type)]]),
      messageTraits: { envelope: ENVELOPE },
    },
  };
}

function channelOf({
  type,
  topic,
  partitions,
  aggregateType,
  deprecation,
}: DescribedType): JsonMap {
  return {
    address: topic,
    ...(deprecation === undefined ? {} : { description: `Deprecated: ${deprecation}` }),
    messages: { [type]: { $ref: `#/components/messages/${type}` } },
    tags: [{ name: aggregateType }],
    bindings: { kafka: { topic, partitions, bindingVersion: KAFKA } },
  };
}

function operationOf(
  { type }: DescribedType,
  action: 'send' | 'receive',
  summary: string,
): JsonMap {
  return {
    action,
    summary,
    channel: { $ref: `#/channels/${type}` },
    messages: [{ $ref: `#/channels/${type}/messages/${type}` }],
  };
}

function messageOf({
  type,
  version,
  aggregateType,
  owner,
  deprecation,
  schema,
}: DescribedType): JsonMap {
  const { description } = schema;
  return {
    name: type,
    title: type,
    ...(typeof description === 'string' ? { description } : {}),
    tags: [{ name: aggregateType }, { name: `owner:${owner}` }],
    contentType: 'application/json',
    // A document of its own, by its $id: references within it lead into it.
    payload: {
      schemaFormat: SCHEMA_FORMAT,
      schema: { ...schema, $id: `nova:${type}:${version}` },
    },
    bindings: {
      kafka: {
        key: { type: 'string', description: `id of the ${aggregateType}` },
        bindingVersion: KAFKA,
      },
    },
    traits: [{ $ref: '#/components/messageTraits/envelope' }],
    ...(deprecation === undefined ? {} : { 'x-deprecated': deprecation }),
  };
}

const text = { type: 'string' };

const ENVELOPE: JsonMap = {
  headers: {
    type: 'object',
    properties: {
      ce_specversion: { const: '1.0' },
      ce_id: { ...text, format: 'uuid' },
      ce_source: { ...text, description: '/nova/<service or publishing identity>' },
      ce_type: text,
      ce_time: { ...text, format: 'date-time', description: 'when it happened' },
      ce_subject: { ...text, description: '<aggregate type>/<aggregate id>' },
      ce_dataschema: { ...text, description: 'nova:<event type>:<schema version>' },
      ce_sequence: { ...text, description: 'version within the aggregate, 19 digits' },
      ce_novatypesequence: {
        ...text,
        description: 'place among the events of this type in the aggregate, from 1',
      },
      ce_novaposition: { ...text, description: 'place in the log' },
      ce_novastoredat: { ...text, format: 'date-time' },
      ce_correlationid: text,
      ce_causationid: text,
    },
    required: ['ce_specversion', 'ce_id', 'ce_source', 'ce_type', 'ce_subject', 'ce_novaposition'],
  },
  correlationId: { location: '$message.header#/ce_correlationid' },
};
