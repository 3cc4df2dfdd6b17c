import { defineView, on } from '@nova/projection';
import { CommentCreatedSchema } from '@nova/proto/gen/community/post_events_pb';

/** A comment, also one that was deleted. */
export interface Comment {
  readonly post_id: string;
  readonly comment_id: string;
  readonly author_id: string;
}

/** Who wrote which comment. */
export const commentView = defineView<Comment, 'post_id' | 'comment_id'>({
  name: 'comment_view',
  version: 1,
  table: new URL('./table.sql', import.meta.url),
  key: ['post_id', 'comment_id'],
  handlers: [
    on(CommentCreatedSchema, {
      fields: ['commentId', 'authorId', 'parentCommentId'],
      // The comment that is answered is read only, for the effects.
      keys: ({ aggregateId, payload: { commentId, parentCommentId } }) =>
        [...new Set([commentId, parentCommentId])].flatMap((comment_id) =>
          comment_id === undefined ? [] : [{ post_id: aggregateId, comment_id }],
        ),
      fold: (row, { payload: { commentId, authorId } }, key) => {
        if (row !== undefined || authorId === undefined || key.comment_id !== commentId) return row;
        return { ...key, author_id: authorId };
      },
    }),
  ],
});
