import type { Filter, Kind } from '../../domain/search-engine.ts';
import type { Args } from './args.ts';
import { anyOf, lexeme } from './tsquery.ts';
import type { Viewer } from './viewer.ts';

/** How documents of a kind are found in their table, which statements call `d`. */
export interface DocumentTable {
  readonly table: string;
  /** The primary key. */
  readonly ids: readonly string[];
  /** By which the newest come first; indexed together with the ids where `isLive`. */
  readonly at: string;
  /** Only such documents have lexemes, so that only a walk by time must ask for it. */
  readonly isLive: string;
  /** Whether words of a name or title count more. */
  readonly hasHead: boolean;
  /** What an answer shows, with as much of the text as a snippet may need. */
  readonly shown: string;
  /** The condition that the viewer may see `d` and the filter wants it. */
  visible(args: Args, viewer: Viewer, filter: Filter): string;
  /** Lexemes that every document has which meets `visible`, as a tsquery; '' = none. */
  scope(viewer: Viewer, filter: Filter): string;
}

/** More conversations than this are told apart by the row: as lexemes they would cost more. */
const MAX_SCOPE = 64;
/** Code points of a text that are looked at for a snippet. */
const TEXT = 4000;

/** The end of an id, as table.sql makes it a lexeme. */
const tail = (id: string) => id.slice(-8);
const inConversation = (id: string) => lexeme(`@${tail(id)}`);
const ofUser = (id: string) => lexeme(`~${tail(id)}`);

const message: DocumentTable = {
  table: 'message_view',
  ids: ['conversation_id', 'message_id'],
  at: 'sent_at',
  isLive: 'NOT is_deleted',
  hasHead: false,
  shown: `d.message_id, d.conversation_id, d.sender_id, left(d.content, ${TEXT}) AS text`,
  visible(args, { userId, whole, partial }, { conversationId, senderId }) {
    const user = args.add(userId, 'uuid');
    const seen = `(d.sender_id = ${user} OR d.recipient_id = ${user}
      OR d.conversation_id = ANY (${args.add(whole, 'uuid[]')})
      OR (d.conversation_id = ANY (${args.add(partial, 'uuid[]')}) AND (
        SELECT width_bucket(d.version, m.windows) % 2 = 1 FROM member_view AS m
        WHERE m.conversation_id = d.conversation_id AND m.user_id = ${user})))`;
    return [
      seen,
      ...(conversationId === undefined
        ? []
        : [`d.conversation_id = ${args.add(conversationId, 'uuid')}`]),
      ...(senderId === undefined ? [] : [`d.sender_id = ${args.add(senderId, 'uuid')}`]),
    ].join(' AND ');
  },
  scope({ userId, whole, partial }, { conversationId, senderId }) {
    const parts: string[] = [];
    if (senderId !== undefined) parts.push(ofUser(senderId));
    if (conversationId !== undefined) parts.push(inConversation(conversationId));
    else if (whole.length + partial.length <= MAX_SCOPE) {
      parts.push(anyOf([ofUser(userId), ...[...whole, ...partial].map(inConversation)]));
    }
    return parts.join(' & ');
  },
};

/** Whether the user in a column is active as far as is known. Looked up by row: never a join. */
const isActive = (column: string) =>
  `coalesce((SELECT u.status = 'active' FROM user_view AS u WHERE u.user_id = ${column}), true)`;

const user: DocumentTable = {
  table: 'user_view',
  ids: ['user_id'],
  at: 'created_at',
  isLive: "status = 'active'",
  hasHead: true,
  shown: `d.user_id, d.username, d.display_name, d.avatar_url, d.is_verified,
    left(d.bio, ${TEXT}) AS text`,
  visible: (args, { apart }, { verifiedOnly = false }) =>
    `d.user_id <> ALL (${args.add(apart, 'uuid[]')})${verifiedOnly ? ' AND d.is_verified' : ''}`,
  scope: () => '',
};

/** The condition that the viewer may see the post in `row`. */
function postVisible(row: string, args: Args, { userId, friendOf, apart }: Viewer): string {
  const viewer = args.add(userId, 'uuid');
  return `(${row}.visibility = 'public' OR ${row}.author_id = ${viewer}
      OR (${row}.visibility = 'friends_only'
        AND ${row}.author_id = ANY (${args.add(friendOf, 'uuid[]')})))
    AND ${row}.author_id <> ALL (${args.add(apart, 'uuid[]')})
    AND ${isActive(`${row}.author_id`)}`;
}

const post: DocumentTable = {
  table: 'post_view',
  ids: ['post_id'],
  at: 'posted_at',
  isLive: 'NOT is_deleted',
  hasHead: true,
  shown: `d.post_id, d.author_id, d.title, d.visibility, left(d.content, ${TEXT}) AS text`,
  visible(args, viewer, { authorId }) {
    const seen = postVisible('d', args, viewer);
    return authorId === undefined
      ? seen
      : `${seen} AND d.author_id = ${args.add(authorId, 'uuid')}`;
  },
  scope: (_viewer, { authorId }) => (authorId === undefined ? '' : ofUser(authorId)),
};

const comment: DocumentTable = {
  table: 'comment_view',
  ids: ['post_id', 'comment_id'],
  at: 'commented_at',
  isLive: 'NOT is_deleted',
  hasHead: false,
  shown: `d.comment_id, d.post_id, d.author_id, left(d.content, ${TEXT}) AS text`,
  // Looked up by row, as authors are: the planner would rather read all posts.
  visible: (args, viewer) =>
    `coalesce((SELECT NOT p.is_deleted AND ${postVisible('p', args, viewer)} FROM post_view AS p
      WHERE p.post_id = d.post_id), false)
     AND d.author_id <> ALL (${args.add(viewer.apart, 'uuid[]')})
     AND ${isActive('d.author_id')}`,
  scope: () => '',
};

/** The tables of all kinds. */
export const documentTables: Readonly<Record<Kind, DocumentTable>> = {
  message,
  user,
  post,
  comment,
};
