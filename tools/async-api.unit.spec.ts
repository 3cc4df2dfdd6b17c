import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, it } from '@jest/globals';
import { catalogue, DEFAULT_PARTITIONS, eventSchema } from '@nova/events';
import { asyncApiDocument, type DescribedType, type JsonMap } from '@nova/schemas';
import Ajv from 'ajv';

/** The schema that the makers of AsyncAPI publish for its documents (JSON Schema, draft 07). */
const official = JSON.parse(
  readFileSync(
    createRequire(import.meta.url).resolve('@asyncapi/specs/schemas/3.0.0.json'),
    'utf8',
  ),
) as object;
const validate = new Ajv.Ajv({
  strict: false,
  validateFormats: false,
  meta: false,
  validateSchema: false,
}).compile(official);

const own = catalogue.all().map(
  (eventType): DescribedType => ({
    type: eventType.type,
    version: eventType.schemaVersion,
    aggregateType: eventType.aggregateType,
    owner: eventType.owner,
    topic: eventType.topic,
    partitions: DEFAULT_PARTITIONS,
    consumers: eventType.consumers,
    deprecation: undefined,
    schema: eventSchema(eventType) as JsonMap,
  }),
);
const registered: DescribedType = {
  type: 'order_placed',
  version: 3,
  aggregateType: 'order',
  owner: 'shop',
  topic: 'nova_events_order_placed',
  partitions: DEFAULT_PARTITIONS,
  consumers: ['billing/views', 'subscription/mail.out'],
  deprecation: 'use order_accepted',
  schema: {
    type: 'object',
    description: 'An order was placed.',
    properties: { lines: { type: 'array', items: { $ref: '#/$defs/line' } } },
    $defs: { line: { type: 'object' } },
  },
};
const document = asyncApiDocument([...own, registered], {
  version: '0.1.0',
  brokers: ['localhost:9092'],
});

describe('the AsyncAPI document of the catalogue', () => {
  it('keeps to the official schema of AsyncAPI 3.0', () => {
    validate(document);
    expect(validate.errors ?? []).toEqual([]);
  });

  it('has a channel for every type, nova as sender, and each consumer as receiver', () => {
    expect(Object.keys(document['channels'] as JsonMap)).toHaveLength(own.length + 1);
    expect(document).toMatchObject({
      channels: {
        order_placed: {
          address: 'nova_events_order_placed',
          description: 'Deprecated: use order_accepted',
        },
      },
      operations: {
        publish_order_placed: { action: 'send' },
        billing_views_reads_order_placed: { action: 'receive' },
        subscription_mail_out_reads_order_placed: { action: 'receive' },
        messaging_reads_message_created: { action: 'receive' },
      },
      components: {
        messages: { order_placed: { payload: { schema: { $id: 'nova:order_placed:3' } } } },
      },
    });
  });

  it('would be told apart from one that does not keep to it', () => {
    expect(validate({ ...document, operations: { wrong: { action: 'shout' } } })).toBe(false);
    expect(validate({ ...document, asyncapi: '2.6.0' })).toBe(false);
  });

  it('refers to nothing that is not in it', () => {
    const refs = JSON.stringify({ ...document, components: {} }).matchAll(/"\$ref":"#\/([^"]+)"/g);
    for (const [, path = ''] of refs) {
      const found = path
        .split('/')
        .reduce<unknown>((at, key) => (at as JsonMap | undefined)?.[key], document);
      expect([path, found]).toEqual([path, expect.anything()]);
    }
  });
});
