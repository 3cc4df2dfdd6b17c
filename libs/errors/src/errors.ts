import { defineErrors } from './catalogue.ts';

/** Errors that belong to no single lib. */
export const errors = defineErrors({
  INTERNAL_BUG: {
    message: 'internal error',
    status: 'INTERNAL',
    retry: 'never',
    blame: 'bug',
    hint: 'Find the log line with this correlation id and report it.',
  },
});
