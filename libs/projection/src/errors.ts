import { defineErrors } from '@nova/errors';

/** Errors of views: each is a mistake in a view, found when it is declared, made or applied. */
export const errors = defineErrors({
  PROJECTION_VIEW_INVALID: {
    message: 'view {view} is not usable: {reason}',
    status: 'INTERNAL',
    retry: 'never',
    blame: 'bug',
    hint: 'Correct the view or its table.sql as the reason says.',
  },
  PROJECTION_KEY_FOREIGN: {
    message: 'view {view} writes a row whose key does not begin with the id of the event aggregate',
    status: 'INTERNAL',
    retry: 'never',
    blame: 'bug',
    hint: 'A row belongs to one aggregate: let keys() begin with event.aggregateId, join at read.',
  },
  PROJECTION_ROW_INVALID: {
    message: 'a fold of view {view} returned a row that its table cannot hold: {reason}',
    status: 'INTERNAL',
    retry: 'never',
    blame: 'bug',
    hint: 'Rows hold JSON values only, one per column of table.sql, and keep their key.',
  },
  PROJECTION_PAYLOAD_UNREADABLE: {
    message: 'the payload of a {type} event cannot be read as its message',
    status: 'INTERNAL',
    retry: 'never',
    blame: 'bug',
    hint: 'The log accepted a payload that this version does not understand; update the service.',
  },
});
