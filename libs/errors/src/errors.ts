import { defineErrors } from './catalogue.ts';

/** Errors that belong to no single lib. */
export const errors = defineErrors({
  INTERNAL_BUG: {
    message: 'internal error',
    status: 'INTERNAL',
    retry: 'never',
    blame: 'bug',
    hint: 'Find the log line with this correlation id and report it.',
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
});
