import type { DescMessage } from '@nova/proto/runtime';

/** What is made of an event's payload before anybody sees it. */
export interface PayloadForm {
  readonly schema: DescMessage;
  /** The only properties of the payload that are read, as they are published; undefined: all. */
  readonly fields?: readonly string[];
}

/** Reads payloads of an event type: a handler of a view, an effect. */
export interface PayloadReader extends PayloadForm {
  readonly eventType: string;
}

/**
 * What all these readers together need of each event type: the fields that any of them reads, or
 * everything where one of them does not say. What nobody reads is never decoded, so a change of it
 * cannot break them.
 */
export function payloadFormsOf(readers: Iterable<PayloadReader>): ReadonlyMap<string, PayloadForm> {
  const forms = new Map<string, PayloadForm>();
  for (const { eventType, schema, fields } of readers) {
    const before = forms.get(eventType) ?? { schema, fields: [] };
    forms.set(eventType, { schema, ...union(before.fields, fields) });
  }
  return forms;
}

function union(
  one: readonly string[] | undefined,
  other: readonly string[] | undefined,
): Pick<PayloadForm, 'fields'> {
  if (one === undefined || other === undefined) return {};
  return { fields: [...new Set([...one, ...other])].sort() };
}

/** The name under which a field of a message is published. */
export function publishedName(schema: DescMessage, localName: string): string {
  const field = schema.field[localName];
  if (field === undefined) throw new TypeError(`${schema.typeName} has no field ${localName}`);
  return field.name;
}
