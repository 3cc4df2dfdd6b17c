import { definitionHash } from '@nova/projection';
import type { ConsumerDefinition } from '../definition.ts';
import { subscribedTypes } from '../generation.ts';

/** What failures are recorded under: `<version of the service>+<hash of its views and event types>`. */
export function consumerVersion(service: string, definition: ConsumerDefinition): string {
  const hash = definitionHash(definition.views, subscribedTypes(definition));
  return `${service}+${hash.slice(0, 8)}`;
}
