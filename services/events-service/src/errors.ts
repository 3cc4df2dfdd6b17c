import { defineErrors } from '@nova/errors';

/** What events-service refuses, and why. */
export const errors = defineErrors({
  EVENT_INVALID: {
    message: 'the request is not valid: {first}',
    status: 'INVALID_ARGUMENT',
    retry: 'never',
    blame: 'caller',
    hint: 'Correct the named fields; docs/events.md describes every event type.',
  },
  EVENT_TYPE_UNKNOWN: {
    message: '{first}',
    status: 'INVALID_ARGUMENT',
    retry: 'never',
    blame: 'caller',
    hint: 'Use a type of docs/events.md; `./nova topics` lists them.',
  },
  CONDITION_FAILED: {
    message: 'a condition on {aggregate} does not hold; its version is {current_version}',
    status: 'ABORTED',
    retry: 'never',
    blame: 'caller',
    hint: 'Read the newer events, decide again, and send the new condition.',
  },
  POSITION_LOST: {
    message: 'position {position} belongs to no epoch of this log',
    status: 'FAILED_PRECONDITION',
    retry: 'never',
    blame: 'operator',
    hint: 'The log was restored or replaced since; read it again from the beginning.',
  },
  REPUBLISH_UNKNOWN: {
    message: 'there is no republish {id}',
    status: 'NOT_FOUND',
    retry: 'never',
    blame: 'caller',
    hint: '`./nova relay republish --list` names those there are.',
  },
  APPEND_QUEUE_FULL: {
    message: 'too many appends are waiting for the log',
    status: 'RESOURCE_EXHAUSTED',
    retry: 'backoff',
    blame: 'operator',
    hint: 'Nothing was stored. The database answers too slowly for what is published; repeat with the same request_id after the time in RetryInfo.',
  },
  APPEND_WAIT_TOO_LONG: {
    message: 'appends wait {ms} ms for the log at present, longer than the deadline of the call',
    status: 'RESOURCE_EXHAUSTED',
    retry: 'backoff',
    blame: 'operator',
    hint: 'Nothing was stored. Repeat it with a longer deadline, or after the time in RetryInfo.',
  },
});
