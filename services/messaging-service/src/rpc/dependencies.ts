import type { Consuming } from '@nova/service-kit';

/** What the RPCs work with. */
export type Dependencies = Pick<Consuming, 'commands' | 'queries' | 'pageTokens'>;
