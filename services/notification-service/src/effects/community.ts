import { FollowAddedSchema } from '@nova/proto/gen/community/follow_events_pb';
import {
  CommentCreatedSchema,
  CommentLikedSchema,
  MentionCreatedSchema,
  PostLikedSchema,
} from '@nova/proto/gen/community/post_events_pb';
import { commentView } from '../views/comment_view/comment-view.ts';
import { noticeEffect, type Telling } from './notice-effect.ts';

/** Who is followed is told. */
export const followNotice = noticeEffect(
  FollowAddedSchema,
  'follow',
  ['followerId', 'followeeId'],
  ({ payload: { followerId = '', followeeId } }) => [
    {
      recipientId: followeeId,
      actorId: followerId,
      kind: 'followed',
      target: { type: 'user', id: followerId },
      data: {},
    },
  ],
);

/** Whose post is liked is told. */
export const postLikeNotice = noticeEffect(
  PostLikedSchema,
  'post_like',
  ['userId', 'postAuthorId'],
  ({ aggregateId, payload: { userId, postAuthorId } }) => [
    {
      recipientId: postAuthorId,
      actorId: userId,
      kind: 'post_liked',
      target: { type: 'post', id: aggregateId },
      data: { post_id: aggregateId },
    },
  ],
);

/** Whose comment is liked is told. */
export const commentLikeNotice = noticeEffect(
  CommentLikedSchema,
  'comment_like',
  ['userId', 'commentId', 'commentAuthorId'],
  ({ aggregateId, payload: { userId, commentId = '', commentAuthorId } }) => [
    {
      recipientId: commentAuthorId,
      actorId: userId,
      kind: 'comment_liked',
      target: { type: 'comment', id: commentId },
      data: { post_id: aggregateId, comment_id: commentId },
    },
  ],
);

/** A comment tells whom it answers, and the author of the post; once, when that is the same. */
export const commentNotice = noticeEffect(
  CommentCreatedSchema,
  'comment',
  ['commentId', 'authorId', 'postAuthorId', 'parentCommentId', 'parentAuthorId', 'content'],
  ({ aggregateId, payload }, rows) => {
    const { commentId = '', authorId, postAuthorId, content = '' } = payload;
    const { parentCommentId, parentAuthorId } = payload;
    const parent =
      parentCommentId === undefined
        ? undefined
        : rows.after(commentView, { post_id: aggregateId, comment_id: parentCommentId });
    const telling: Omit<Telling, 'recipientId' | 'kind'> = {
      actorId: authorId,
      text: content,
      target: { type: 'comment', id: commentId },
      data: { post_id: aggregateId, comment_id: commentId },
    };
    return [
      { ...telling, recipientId: parentAuthorId ?? parent?.author_id, kind: 'comment_replied' },
      { ...telling, recipientId: postAuthorId, kind: 'post_commented' },
    ];
  },
);

/** Who is mentioned in a post or a comment is told. */
export const mentionNotice = noticeEffect(
  MentionCreatedSchema,
  'mention',
  ['mentionedUserId', 'authorId', 'commentId'],
  ({ aggregateId, payload: { mentionedUserId, authorId, commentId } }) => [
    {
      recipientId: mentionedUserId,
      actorId: authorId,
      kind: 'mention',
      target:
        commentId === undefined
          ? { type: 'post', id: aggregateId }
          : { type: 'comment', id: commentId },
      data: { post_id: aggregateId, ...(commentId === undefined ? {} : { comment_id: commentId }) },
    },
  ],
);
