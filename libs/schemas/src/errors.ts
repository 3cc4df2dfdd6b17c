import { defineErrors } from '@nova/errors';

/** Failures of checking with schemas; what is wrong with a schema or a payload is data. */
export const errors = defineErrors({
  SCHEMA_CHECK_OVERRUN: {
    message: 'checking {what} against its schema took longer than {ms} ms',
    status: 'RESOURCE_EXHAUSTED',
    retry: 'backoff',
    blame: 'caller',
    hint: 'Nothing was stored. Simplify the schema (nested anyOf, oneOf and uniqueItems cost most), or send less at once.',
  },
  SCHEMA_CHECKS_FULL: {
    message: 'too many payloads are waiting to be checked against their schemas',
    status: 'RESOURCE_EXHAUSTED',
    retry: 'backoff',
    blame: 'operator',
    hint: 'Nothing was stored. Repeat it after the time in RetryInfo, or run more instances of events-service.',
  },
  SCHEMA_CHECK_LOST: {
    message: 'the thread that checks schemas ended at {what}: {reason}',
    status: 'UNAVAILABLE',
    retry: 'backoff',
    blame: 'operator',
    hint: 'It is started again with the next payload. If it repeats for one event type, its schema needs too much memory: simplify it.',
  },
});
