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
  EVENT_NOT_FOUND: {
    message: 'there is no event {event_id}',
    status: 'NOT_FOUND',
    retry: 'never',
    blame: 'caller',
    hint: 'Look the id up in the answer of PublishEvent or in the header ce_id.',
  },
  EVENT_ID_REUSED: {
    message: 'event id {event_id} belongs to an event with other content',
    status: 'ALREADY_EXISTS',
    retry: 'never',
    blame: 'caller',
    hint: 'An event id names one event for ever; give the new event another one.',
  },
  REQUEST_ID_REUSED: {
    message: 'request id {request_id} was used for another request',
    status: 'ALREADY_EXISTS',
    retry: 'never',
    blame: 'caller',
    hint: 'Draw a new request_id per command and repeat it only with the same content.',
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
  APPEND_QUEUE_FULL: {
    message: 'too many appends are waiting for the log',
    status: 'UNAVAILABLE',
    retry: 'backoff',
    blame: 'operator',
    hint: 'The database answers too slowly; repeat with the same request_id.',
  },
});
