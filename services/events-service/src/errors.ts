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
    hint: 'The log was restored since (docs/runbooks/backup-and-restore.md): read from the beginning.',
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
  SCHEDULED_EVENT_NOT_FOUND: {
    message: 'no scheduled event {event_id} waits here',
    status: 'NOT_FOUND',
    retry: 'never',
    blame: 'caller',
    hint: 'It was never scheduled, has been cancelled, or has expired; ListScheduledEvents shows those that wait.',
  },
  SCHEDULED_EVENT_STORED: {
    message: 'event {event_id} has been appended: it cannot be cancelled any more',
    status: 'FAILED_PRECONDITION',
    retry: 'never',
    blame: 'caller',
    hint: 'Publish an event that takes it back.',
  },
  SCHEDULED_EVENT_FOREIGN: {
    message: 'event {event_id} was scheduled by {source}',
    status: 'PERMISSION_DENIED',
    retry: 'never',
    blame: 'caller',
    hint: 'Whoever scheduled an event cancels it, or somebody with the role admin.',
  },
});
