import { contactId, participantId } from '@nova/events';
import { loadSql, type Queryable } from '@nova/postgres';
import type { Circumstances, Notice } from '../domain/notice.ts';

const readSql = loadSql(new URL('./read-circumstances.sql', import.meta.url));

/** What the views know of those whom each notice concerns, in order, in one statement. */
export function readCircumstances(
  views: Queryable,
  notices: readonly Notice[],
): Promise<readonly Circumstances[]> {
  return views.query<Circumstances>(readSql, [
    notices.map(({ recipient_id }) => recipient_id),
    notices.map(({ actor_id }) => actor_id),
    notices.map(({ recipient_id, actor_id }) => contactId(recipient_id, actor_id)),
    notices.map(({ recipient_id, conversation_id }) =>
      conversation_id === null ? null : participantId(conversation_id, recipient_id),
    ),
    notices.map(({ conversation_id }) => conversation_id),
    notices.map(({ kind }) => kind),
  ]);
}
