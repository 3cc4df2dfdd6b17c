import { setting } from '@nova/config';
import { LOG_LEVELS } from './logger.ts';

/** Settings of logging; tracing takes the standard OTEL_* variables. */
export const settings = {
  logLevel: setting.choice({
    env: 'NOVA_LOG_LEVEL',
    doc: 'Least level that is logged.',
    choices: LOG_LEVELS,
    default: 'info',
  }),
};
