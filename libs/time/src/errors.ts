import { defineErrors } from '@nova/errors';

/** Errors of waiting. */
export const errors = defineErrors({
  TIME_DEADLINE_EXCEEDED: {
    message: '{what} did not finish within {ms} ms',
    status: 'DEADLINE_EXCEEDED',
    retry: 'backoff',
    blame: 'operator',
    hint: 'Look whether the server behind it is paused, overloaded or unreachable.',
  },
});
