import type { Consumer } from '@nova/consumer';
import type { PageTokens } from '../queries/page-tokens.ts';
import type { EventLookup } from './event-lookup.ts';

/** What operators are answered from. */
export interface OpsPorts {
  readonly consumer: Pick<Consumer, 'status' | 'stateOf' | 'parking' | 'rebuilding'>;
  readonly events: EventLookup;
  readonly pageTokens: PageTokens;
}
