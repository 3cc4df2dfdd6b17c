import { contactId, participantId } from '@nova/events';
import { loadSql, type Queryable } from '@nova/postgres';
import type { Circumstances, Notice } from '../domain/notice.ts';

const readSql = loadSql(new URL('./read-circumstances.sql', import.meta.url));

const unknown: Circumstances = {
  recipient_status: null,
  actor_status: null,
  actor_name: null,
  conversation_name: null,
  is_muted: false,
  is_blocked: false,
  is_unwanted: false,
};

/** What the views know of those whom a notice concerns, in one statement. */
export async function readCircumstances(
  views: Queryable,
  { recipient_id, actor_id, conversation_id, kind }: Notice,
): Promise<Circumstances> {
  const [found] = await views.query<Circumstances>(readSql, [
    recipient_id,
    actor_id,
    contactId(recipient_id, actor_id),
    conversation_id === null ? null : participantId(conversation_id, recipient_id),
    conversation_id,
    kind,
  ]);
  return found ?? unknown;
}
