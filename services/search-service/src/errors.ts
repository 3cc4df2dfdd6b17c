import { defineErrors } from '@nova/errors';

/** What search-service refuses beside what every service does. */
export const errors = defineErrors({
  SEARCH_TOO_COSTLY: {
    message: 'the search took too long and was ended',
    status: 'RESOURCE_EXHAUSTED',
    retry: 'never',
    blame: 'caller',
    hint: 'Ask for longer or rarer words, or within one conversation. If every search is slow, look at the database.',
  },
});
