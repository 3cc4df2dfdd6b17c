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
