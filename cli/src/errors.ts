import { defineErrors } from '@nova/errors';

/** Errors of the command line itself. */
export const errors = defineErrors({
  CLI_WRONG_USE: {
    message: '{problem}',
    status: 'INVALID_ARGUMENT',
    retry: 'never',
    blame: 'caller',
    hint: 'Add --help to see how it is used.',
  },
  CLI_START_FAILED: {
    message: '{part} did not start: {reason}{tail}',
    status: 'UNAVAILABLE',
    retry: 'backoff',
    blame: 'operator',
    hint: 'Run ./nova doctor, or read the whole log with ./nova logs {part}.',
  },
  CLI_DATA_OTHER_VERSION: {
    message: 'the tables were made by another version of nova: {reason}',
    status: 'FAILED_PRECONDITION',
    retry: 'never',
    blame: 'operator',
    hint: '`./nova reset` forgets all data; to keep it, use the version of nova that made it.',
  },
  CLI_PART_ENDED: {
    message: '{part} ended by itself',
    status: 'UNAVAILABLE',
    retry: 'backoff',
    blame: 'operator',
    hint: 'It is started again by itself; its log says why it ended (./nova logs {part}).',
  },
  CLI_ALREADY_SUPERVISED: {
    message: 'another ./nova up (pid {pid}) works in {state}',
    status: 'ALREADY_EXISTS',
    retry: 'backoff',
    blame: 'caller',
    hint: 'Wait for it, or stop it with ./nova down.',
  },
  CLI_SUPERVISOR_LOST: {
    message: 'the supervisor ended before everything answered{tail}',
    status: 'UNAVAILABLE',
    retry: 'backoff',
    blame: 'operator',
    hint: 'Run ./nova doctor, then ./nova up again.',
  },
  CLI_STOP_TIMEOUT: {
    message: 'process {pid} of {part} does not end, not even after SIGKILL',
    status: 'UNAVAILABLE',
    retry: 'backoff',
    blame: 'operator',
    hint: 'Look at the process (it may hang in the kernel), end it, then run ./nova down again.',
  },
  CLI_NOT_RUNNING: {
    message: 'nothing is running in {state}',
    status: 'FAILED_PRECONDITION',
    retry: 'never',
    blame: 'caller',
    hint: 'Start it with ./nova up, or name the right stack with --port-offset.',
  },
  CLI_EVENT_UNKNOWN: {
    message: 'the log has no event {event_id}',
    status: 'NOT_FOUND',
    retry: 'never',
    blame: 'caller',
    hint: './nova tail and ./nova publish show ids; --port-offset or NOVA_EVENTS_URL names another log.',
  },
  CLI_TOOL_MISSING: {
    message: '{tool} is missing and could not be set up: {reason}',
    status: 'FAILED_PRECONDITION',
    retry: 'never',
    blame: 'operator',
    hint: 'Install it yourself: {remedy}.',
  },
});
