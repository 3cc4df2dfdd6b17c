import { defineErrors } from '@nova/errors';

/** Errors of PostgreSQL, by what a caller can do about them. The driver's text is in the cause. */
export const errors = defineErrors({
  POSTGRES_UNAVAILABLE: {
    message: 'PostgreSQL does not answer',
    status: 'UNAVAILABLE',
    retry: 'after-reconnect',
    blame: 'operator',
    hint: 'See whether the server runs, is reachable at the configured URL and is not paused.',
  },
  POSTGRES_TIMEOUT: {
    message: 'PostgreSQL gave up waiting (SQLSTATE {sqlstate})',
    status: 'UNAVAILABLE',
    retry: 'backoff',
    blame: 'operator',
    hint: 'Look for a long transaction that holds locks, or for an overloaded server.',
  },
  POSTGRES_CONFLICT: {
    message: 'PostgreSQL ended the transaction in favour of another one (SQLSTATE {sqlstate})',
    status: 'UNAVAILABLE',
    retry: 'backoff',
    blame: 'operator',
    hint: 'Try again; if it repeats, look for transactions that lock in different orders.',
  },
  POSTGRES_FULL: {
    message: 'PostgreSQL has run out of a resource (SQLSTATE {sqlstate})',
    status: 'RESOURCE_EXHAUSTED',
    retry: 'backoff',
    blame: 'operator',
    hint: 'Disk space, memory or max_connections of the server: docs/runbooks/disk-full.md.',
  },
  POSTGRES_ACCESS_DENIED: {
    message: 'PostgreSQL does not let this role in, or not do that (SQLSTATE {sqlstate})',
    status: 'UNAVAILABLE',
    retry: 'never',
    blame: 'operator',
    hint: 'Compare the database URL with the roles, databases and grants of the server.',
  },
  POSTGRES_TEXT_INVALID: {
    message: 'a text has a character that cannot be stored, such as NUL (U+0000)',
    status: 'INVALID_ARGUMENT',
    retry: 'never',
    blame: 'caller',
    hint: 'Leave it out of names, ids and reasons.',
  },
  POSTGRES_REFUSED: {
    message: 'PostgreSQL refused a statement (SQLSTATE {sqlstate})',
    status: 'INTERNAL',
    retry: 'never',
    blame: 'bug',
    hint: 'The cause in the log names statement and constraint; report it.',
  },
  POSTGRES_ROLLED_BACK: {
    message: 'a transaction was rolled back although its work returned',
    status: 'INTERNAL',
    retry: 'never',
    blame: 'bug',
    hint: 'A statement failed inside it and the failure was swallowed; let it through.',
  },
  POSTGRES_MIGRATION_CHANGED: {
    message: 'migration {name} of {owner} was changed after it had been applied',
    status: 'FAILED_PRECONDITION',
    retry: 'never',
    blame: 'operator',
    hint: 'Restore the file and put the change into a new migration.',
  },
  POSTGRES_MIGRATION_UNKNOWN: {
    message: 'the database has migration {name} of {owner}, which this version does not know',
    status: 'FAILED_PRECONDITION',
    retry: 'never',
    blame: 'operator',
    hint: 'A newer version has migrated this database; run that version.',
  },
  POSTGRES_MIGRATION_MISNAMED: {
    message: 'migrations of {owner} are not numbered 0001, 0002, … without gaps: {name}',
    status: 'INTERNAL',
    retry: 'never',
    blame: 'bug',
    hint: 'Name the files NNNN_what_it_does.sql.',
  },
});
