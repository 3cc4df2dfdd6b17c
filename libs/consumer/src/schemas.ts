import { type PayloadForm, payloadFormsOf } from '@nova/projection';
import type { ConsumerDefinition } from './definition.ts';

type Readers = Pick<ConsumerDefinition, 'views' | 'effects'>;

/** How payloads are read, by the event types that the consumer folds or has effects for. */
export function schemasOf({ views, effects }: Readers): ReadonlyMap<string, PayloadForm> {
  return payloadFormsOf([...views.flatMap((view) => [...view.handlers.values()]), ...effects]);
}

/** By event type the properties that the consumer reads, where all who read it say which. */
export function fieldsOf(definition: Readers): ReadonlyMap<string, readonly string[]> {
  return new Map(
    [...schemasOf(definition)].flatMap(([eventType, { fields }]) =>
      fields === undefined ? [] : [[eventType, fields] as const],
    ),
  );
}
