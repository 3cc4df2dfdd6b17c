import { defineErrors } from '@nova/errors';

/** Errors of configuration. */
export const errors = defineErrors({
  CONFIG_INVALID: {
    message: 'the configuration is not usable:{problems}',
    status: 'FAILED_PRECONDITION',
    retry: 'never',
    blame: 'operator',
    hint: 'Set the named environment variables; docs/config.md lists all of them.',
  },
});
