import { defineErrors } from '@nova/errors';

/** Errors of starting and stopping a service. */
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
});
