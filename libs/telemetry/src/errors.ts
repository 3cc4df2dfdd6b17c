import { defineErrors } from '@nova/errors';

/** Errors of telemetry. */
export const errors = defineErrors({
  TELEMETRY_METRIC_CONFLICT: {
    message: 'metric {metric} is declared twice with different meanings',
    status: 'INTERNAL',
    retry: 'never',
    blame: 'bug',
    hint: 'Give one of the two another name in metric-names.ts.',
  },
});
