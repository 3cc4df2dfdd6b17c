import type { JsonObject } from '@nova/proto/runtime';
import { MAX_PAYLOAD_BYTES } from './accept-payload.ts';
import type { EventField, EventType } from './event-type.ts';

const UUID = '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$';
const UTC_TIME = '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.(\\d{3}|\\d{6}|\\d{9}))?Z$';
const LONG = '^(0|-?[1-9][0-9]{0,18})$';
const LONG_FROM_ZERO = '^(0|[1-9][0-9]{0,18})$';

/**
 * JSON Schema (2020-12) of a type's payload as it is stored and published. Its id is the text of
 * the record's header ce_dataschema.
 *
 * @param comments by full name of message or field; without them nothing is described
 */
export function eventSchema(
  eventType: EventType,
  comments: ReadonlyMap<string, string> = new Map(),
): JsonObject {
  const { fields, message } = eventType;
  const properties = fields.map((field): [string, JsonObject] => {
    const description = comments.get(`${message.typeName}.${field.name}`);
    const schema = fieldSchema(field);
    return [field.name, description === undefined ? schema : { ...schema, description }];
  });
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: `nova:${eventType.type}:${eventType.schemaVersion}`,
    title: eventType.type,
    description: comments.get(message.typeName) ?? '',
    $comment: `At most ${MAX_PAYLOAD_BYTES} bytes. Readers ignore unknown fields and take null as absent: a personal field is null once its subject is erased.`,
    type: 'object',
    properties: Object.fromEntries(properties),
    required: fields.filter(({ required }) => required).map(({ name }) => name),
    additionalProperties: false,
  };
}

function fieldSchema(field: EventField): JsonObject {
  const schema = formSchema(field);
  return field.personal ? { ...schema, type: ['string', 'null'] } : schema;
}

function formSchema(field: EventField): JsonObject {
  const { minimum, maximum, maxItems } = field;
  const range = {
    ...(minimum === undefined ? {} : { minimum }),
    ...(maximum === undefined ? {} : { maximum }),
  };
  switch (field.form) {
    case 'text':
      return textSchema(field);
    case 'truth':
      return { type: 'boolean' };
    case 'integer':
      return { type: 'integer', minimum: -(2 ** 31), maximum: 2 ** 31 - 1, ...range };
    case 'long':
      return { type: 'string', pattern: minimum === 0 ? LONG_FROM_ZERO : LONG };
    case 'number':
      return { type: 'number', ...range };
    case 'time':
      return { type: 'string', format: 'date-time', pattern: UTC_TIME };
    case 'texts':
      return {
        type: 'array',
        items: textSchema(field),
        ...(maxItems === undefined ? {} : { maxItems }),
      };
    case 'text_map':
      return { type: 'object', additionalProperties: textSchema(field) };
    case 'json':
      return { type: 'object' };
  }
}

function textSchema({ uuid, values }: EventField): JsonObject {
  if (uuid) return { type: 'string', format: 'uuid', pattern: UUID };
  return values.length === 0 ? { type: 'string' } : { type: 'string', enum: [...values] };
}
