import { isCanonicalUuid } from '@nova/events';
import { defineView, on } from '@nova/projection';
import {
  CommentCreatedSchema,
  CommentDeletedSchema,
} from '@nova/proto/gen/community/post_events_pb';
import { indexed } from '../../domain/document-words.ts';
import { momentOf } from '../../domain/moments.ts';

interface Comment {
  readonly post_id: string;
  readonly comment_id: string;
  readonly author_id: string;
  readonly commented_at: number;
  readonly content: string;
  readonly words: string;
  readonly is_deleted: boolean;
}

const keys = ({
  aggregateId,
  payload,
}: {
  readonly aggregateId: string;
  readonly payload: { readonly commentId?: string | undefined };
}) =>
  isCanonicalUuid(payload.commentId ?? '')
    ? [{ post_id: aggregateId, comment_id: payload.commentId ?? '' }]
    : [];

/** Comments with their words. Whether one is seen is decided with its post, at the query. */
export const commentView = defineView<Comment, 'post_id' | 'comment_id'>({
  name: 'comment_view',
  version: 1,
  table: new URL('./table.sql', import.meta.url),
  key: ['post_id', 'comment_id'],
  handlers: [
    on(CommentCreatedSchema, {
      fields: ['commentId', 'authorId', 'content'],
      keys,
      fold(row, event, key) {
        const { authorId, content = '' } = event.payload;
        if (row !== undefined || authorId === undefined) return row;
        return {
          ...key,
          author_id: authorId,
          commented_at: momentOf(undefined, event),
          content,
          words: indexed(content),
          is_deleted: false,
        };
      },
    }),
    on(CommentDeletedSchema, {
      fields: ['commentId'],
      keys,
      fold: (row) =>
        row === undefined ? row : { ...row, content: '', words: '', is_deleted: true },
    }),
  ],
});
