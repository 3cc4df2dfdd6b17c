import { defineErrors } from '@nova/errors';

/** Errors of starting and stopping a service, and of its commands and queries. */
export const errors = defineErrors({
  SERVICE_PORT_BUSY: {
    message: 'port {port} of {host} is in use ({setting})',
    status: 'UNAVAILABLE',
    retry: 'backoff',
    blame: 'operator',
    hint: 'Stop the process that listens there, or set the named variable to another port.',
  },
  SERVICE_DRAIN_TIMEOUT: {
    message: 'work in flight did not finish within {ms} ms',
    status: 'DEADLINE_EXCEEDED',
    retry: 'never',
    blame: 'operator',
    hint: 'Look for slow calls in the log before this line; callers retry with their request id.',
  },
  SERVICE_LOG_UNAVAILABLE: {
    message: '{method} was not answered: {reason}',
    status: 'UNAVAILABLE',
    retry: 'backoff',
    blame: 'operator',
    hint: 'See that events-service runs and that NOVA_EVENTS_URL names it.',
  },
  SERVICE_LOG_REFUSED: {
    message: '{method} was refused: {reason}',
    status: 'FAILED_PRECONDITION',
    retry: 'backoff',
    blame: 'operator',
    hint: 'See what events-service logged about the call: identity, roles and versions of both sides.',
  },
  SERVICE_CRASHED: {
    message: '{what}: {reason}',
    status: 'INTERNAL',
    retry: 'never',
    blame: 'bug',
    hint: 'The process ended itself and its supervisor starts it again; report the log line.',
  },
  REQUEST_INVALID: {
    message: 'the request is not valid: {first}',
    status: 'INVALID_ARGUMENT',
    retry: 'never',
    blame: 'caller',
    hint: 'Correct the named fields; the comments of the proto file describe them.',
  },
  REQUEST_USER_DENIED: {
    message: '{field} names another user than the caller',
    status: 'PERMISSION_DENIED',
    retry: 'never',
    blame: 'caller',
    hint: 'Leave the field out to act for yourself; only services act for others.',
  },
  AGGREGATE_PARKED: {
    message: '{aggregate} takes no commands: one of its events could not be applied',
    status: 'FAILED_PRECONDITION',
    retry: 'never',
    blame: 'operator',
    hint: 'ops.OpsService/ListParked tells why; mend that and rebuild the view.',
  },
  COMMAND_CONTENDED: {
    message: 'others changed {aggregate} again and again while the command was decided',
    status: 'ABORTED',
    retry: 'backoff',
    blame: 'caller',
    hint: 'Nothing was stored. Repeat it with the same request_id.',
  },
  VIEW_BEHIND: {
    message: 'the view does not show yet what min_consistency_token names',
    status: 'FAILED_PRECONDITION',
    retry: 'backoff',
    blame: 'operator',
    hint: 'Ask again; if it lasts, ops.OpsService/ListConsumers tells how far the view lags and why.',
  },
  VIEW_BLOCKED: {
    message: 'the view cannot show what min_consistency_token names: one of its events is parked',
    status: 'FAILED_PRECONDITION',
    retry: 'never',
    blame: 'operator',
    hint: 'Ask without the token for what the view has; ops.OpsService/ListParked tells what failed.',
  },
  TOKEN_LOST: {
    message: 'the log no longer has what min_consistency_token names',
    status: 'FAILED_PRECONDITION',
    retry: 'never',
    blame: 'operator',
    hint: 'The log was restored from an older state. Ask without the token and see what is there.',
  },
});
