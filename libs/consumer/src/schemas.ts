import type { DescMessage } from '@nova/proto/runtime';
import type { ConsumerDefinition } from './definition.ts';

/** The payload message of each event type that the consumer folds or has effects for. */
export function schemasOf({
  views,
  effects,
}: ConsumerDefinition): ReadonlyMap<string, DescMessage> {
  const schemas = new Map<string, DescMessage>();
  for (const { handlers } of views) {
    for (const [type, { schema }] of handlers) schemas.set(type, schema);
  }
  for (const { eventType, schema } of effects) schemas.set(eventType, schema);
  return schemas;
}

/** By event type the properties that the consumer reads, where all who read it say which. */
export function fieldsOf({
  views,
  effects,
}: Pick<ConsumerDefinition, 'views' | 'effects'>): ReadonlyMap<string, readonly string[]> {
  const handlers = views.flatMap((view) => [...view.handlers.values()]);
  const whole = new Set([
    ...effects.map(({ eventType }) => eventType),
    ...handlers.filter(({ fields }) => fields === undefined).map(({ eventType }) => eventType),
  ]);
  const fields = new Map<string, readonly string[]>();
  for (const { eventType, fields: read = [] } of handlers) {
    if (whole.has(eventType)) continue;
    fields.set(eventType, [...new Set([...(fields.get(eventType) ?? []), ...read])].sort());
  }
  return fields;
}
