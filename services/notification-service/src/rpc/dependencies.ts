import type { Commands, PageTokens, Queries } from '@nova/service-kit';

/** What the RPCs of this service work with. */
export interface Dependencies {
  readonly commands: Commands;
  readonly queries: Queries;
  readonly pageTokens: PageTokens;
}
