import type { NovaError } from '@nova/errors';
import type { LogFields, Logger } from '@nova/telemetry';
import { errors } from './errors.ts';

/**
 * Logs once how a call failed: a bug with its stack, what an operator can mend as a warning, a
 * caller's mistake and our own stopping only for those who look closely.
 */
export function logFailure(logger: Logger, error: NovaError, call: LogFields): void {
  const { status, blame } = error.kind;
  const fields = { component: 'rpc', ...call, rpc_status: status, error_code: error.code };
  if (status === 'INTERNAL' || blame === 'bug') {
    logger.error({ ...fields, err: error.cause ?? error }, 'a call failed on a bug');
  } else if (blame === 'operator' && error.code !== errors.RPC_DRAINING.code) {
    logger.warn({ ...fields, err: error.cause ?? error }, 'a call could not be done');
  } else {
    logger.debug({ ...fields, reason: error.message }, 'a call was refused');
  }
}
