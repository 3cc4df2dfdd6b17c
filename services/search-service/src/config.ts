import { setting } from '@nova/config';
import { consumingSettings } from '@nova/service-kit';

/** Settings of search-service. */
export const settings = {
  ...consumingSettings('SEARCH'),
  statementTimeoutMs: setting.integer({
    env: 'NOVA_SEARCH_STATEMENT_TIMEOUT_MS',
    doc: 'A statement of a search that takes longer ends the search with SEARCH_TOO_COSTLY.',
    default: 1000,
    min: 50,
    max: 60_000,
  }),
};
