import type { View } from '@nova/projection';
import type { Effect } from './effect.ts';

/** A set of views that is fed and rebuilt together, and the effects of the same events. */
export interface ConsumerDefinition {
  /** For example messaging. */
  readonly service: string;
  /** `views` unless the service's README says otherwise. */
  readonly name: string;
  readonly views: readonly View[];
  readonly effects: readonly Effect[];
}

/** The group in Kafka: `nova.<service>.<consumer>`, with `.v<N>` from the second generation on. */
export function groupIdOf(definition: ConsumerDefinition, generation: number): string {
  const group = `nova.${definition.service}.${definition.name}`;
  return generation === 1 ? group : `${group}.v${generation}`;
}
