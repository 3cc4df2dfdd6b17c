import type { JsonObject } from '@nova/proto/runtime';
import type { Kind } from './kinds.ts';
import { plainText } from './plain-text.ts';

/** Most code points of a notice's parts. */
export const LENGTHS = { name: 40, title: 120, body: 240 } as const;

/**
 * What a user is to be told, as far as the event that it follows from says so. Kept as JSON until
 * it is judged.
 */
export type Notice = {
  /** Follows from the source event, the effect and the recipient: the same however often it is made. */
  readonly notification_id: string;
  readonly recipient_id: string;
  readonly kind: Kind;
  readonly actor_id: string;
  /** What was said, cut; may be empty. */
  readonly text: string;
  readonly target_type: string;
  readonly target_id: string;
  readonly source_event_id: string;
  /** Where it happened, when that is a conversation: it may be muted. */
  readonly conversation_id: string | null;
  /** What a client needs to open it. */
  readonly data: JsonObject;
};

/** What is known, when a notice is judged, of those whom it concerns. Unknown = null. */
export interface Circumstances {
  readonly recipient_status: string | null;
  readonly actor_status: string | null;
  readonly actor_name: string | null;
  readonly conversation_name: string | null;
  /** The recipient does not want to hear of this conversation. */
  readonly is_muted: boolean;
  /** The recipient does not want to hear of the actor. */
  readonly is_blocked: boolean;
  /** The recipient does not want notices of this kind, or any. */
  readonly is_unwanted: boolean;
}

const SILENT_ACTORS = ['suspended', 'deleted'];

/**
 * Whether the recipient is told. Users and conversations that nothing is known of are taken as
 * active and open: events published by hand may come without them.
 */
export function isTold({
  recipient_status,
  actor_status,
  is_muted,
  is_blocked,
  is_unwanted,
}: Circumstances): boolean {
  const reachesRecipient = recipient_status === null || recipient_status === 'active';
  const mayBeHeard = actor_status === null || !SILENT_ACTORS.includes(actor_status);
  return reachesRecipient && mayBeHeard && !is_muted && !is_blocked && !is_unwanted;
}

/** The payload of `notification_created`. */
export function noticePayload(notice: Notice, circumstances: Circumstances): JsonObject {
  const body = plainText(notice.text, LENGTHS.body);
  return {
    user_id: notice.recipient_id,
    kind: notice.kind,
    title: titleOf(notice, circumstances),
    ...(body === '' ? {} : { body }),
    priority: URGENT.has(notice.kind) ? 'high' : 'normal',
    actor_ids: [notice.actor_id],
    target_type: notice.target_type,
    target_id: notice.target_id,
    source_event_id: notice.source_event_id,
    data: notice.data,
  };
}

const URGENT: ReadonlySet<Kind> = new Set(['direct_message', 'mention']);

type Titles = Readonly<Record<Kind, (who: string, where: string, notice: Notice) => string>>;

const TITLES: Titles = {
  direct_message: (who) => who,
  mention: (who, where) => `${who} mentioned you${where === '' ? '' : ` in ${where}`}`,
  member_added: (who, where) => `${who} added you to ${where === '' ? 'a conversation' : where}`,
  friend_added: (who) => `${who} added you as a contact`,
  contact_applied: (who) => `${who} asks to be your contact`,
  contact_reviewed: (who, _where, { data }) =>
    data['status'] === 'approved'
      ? `${who} accepted your contact request`
      : `${who} declined your contact request`,
  followed: (who) => `${who} follows you`,
  post_liked: (who) => `${who} likes your post`,
  comment_liked: (who) => `${who} likes your comment`,
  post_commented: (who) => `${who} commented on your post`,
  comment_replied: (who) => `${who} replied to your comment`,
};

function titleOf(notice: Notice, { actor_name, conversation_name }: Circumstances): string {
  const who = plainText(actor_name ?? '', LENGTHS.name) || 'Somebody';
  const where = plainText(conversation_name ?? '', LENGTHS.name);
  return plainText(TITLES[notice.kind](who, where, notice), LENGTHS.title);
}
