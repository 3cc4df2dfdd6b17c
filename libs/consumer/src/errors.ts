import { defineErrors } from '@nova/errors';

/** Errors of consumers. */
export const errors = defineErrors({
  CONSUMER_DEFINITION_CHANGED: {
    message: 'consumer {consumer} has other views or event types than generation {generation}',
    status: 'FAILED_PRECONDITION',
    retry: 'never',
    blame: 'operator',
    hint: 'docs/runbooks/rebuild-views.md: NOVA_CONSUMER_REBUILD=true for one start, or the version before.',
  },
  CONSUMER_PARTITIONS_DIFFER: {
    message: 'the topics of consumer {consumer} have different numbers of partitions: {counts}',
    status: 'FAILED_PRECONDITION',
    retry: 'never',
    blame: 'operator',
    hint: 'Give all topics that one consumer reads the same number of partitions.',
  },
  CONSUMER_PREDECESSOR_MISSING: {
    message: 'the log does not have version {version} of an aggregate whose later event arrived',
    status: 'FAILED_PRECONDITION',
    retry: 'backoff',
    blame: 'operator',
    hint: 'Has the log lost its end? docs/runbooks/backup-and-restore.md tells what then happens.',
  },
  CONSUMER_GENERATION_RETIRED: {
    message: 'generation {generation} of consumer {consumer} no longer serves',
    status: 'UNAVAILABLE',
    retry: 'backoff',
    blame: 'operator',
    hint: 'Another process has rebuilt the views; this one goes on with them by itself.',
  },
  CONSUMER_NOT_OPEN: {
    message: 'consumer {consumer} has no views yet',
    status: 'UNAVAILABLE',
    retry: 'after-reconnect',
    blame: 'operator',
    hint: 'It waits for its database or for the log; its status says for which.',
  },
  CONSUMER_REBUILD_RUNNING: {
    message: 'the views of consumer {consumer} are being rebuilt already',
    status: 'FAILED_PRECONDITION',
    retry: 'never',
    blame: 'caller',
    hint: '`./nova view status SERVICE` tells how far it is, `./nova view cancel SERVICE` ends it.',
  },
  CONSUMER_ACT_UNKNOWN: {
    message: 'there is no act {act_id} about what is parked',
    status: 'NOT_FOUND',
    retry: 'never',
    blame: 'caller',
    hint: '`./nova parked acts` lists them; each belongs to one consumer.',
  },
  CONSUMER_PARKING_FULL: {
    message: 'a partition stands still: {limit} events {of} are parked',
    status: 'RESOURCE_EXHAUSTED',
    retry: 'backoff',
    blame: 'operator',
    hint: 'Mend the cause, then `./nova parked replay`; or raise NOVA_CONSUMER_PARKED_….',
  },
  CONSUMER_PROCESS_DEATH: {
    message: 'the process has died {deaths} times while it applied this event',
    status: 'INTERNAL',
    retry: 'never',
    blame: 'bug',
    hint: 'See what the process logged before it died; mend it, then `./nova parked replay`.',
  },
  CONSUMER_NOT_PARKED: {
    message: 'aggregate {aggregate} of consumer {consumer} is not parked',
    status: 'NOT_FOUND',
    retry: 'never',
    blame: 'caller',
    hint: 'Its events are applied, or it was never seen; `./nova trace EVENT_ID` tells which.',
  },
});
