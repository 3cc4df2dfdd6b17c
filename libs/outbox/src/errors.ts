import { defineErrors } from '@nova/errors';

/** Errors of a team's own outbox. The log itself answers with refusals, which are no errors. */
export const errors = defineErrors({
  LOCAL_EVENT_INVALID: {
    message: 'an event for the outbox is not valid: {first}',
    status: 'INVALID_ARGUMENT',
    retry: 'never',
    blame: 'caller',
    hint: 'Correct the named fields; nothing of this append is in the transaction.',
  },
  LOCAL_OUTBOX_STANDBY: {
    message: 'the outbox is read on a standby',
    status: 'FAILED_PRECONDITION',
    retry: 'after-reconnect',
    blame: 'operator',
    hint: 'Point the database URL at the primary: a standby does not tell which transactions run.',
  },
});
