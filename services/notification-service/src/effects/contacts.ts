import {
  ContactAppliedSchema,
  ContactReviewedSchema,
} from '@nova/proto/gen/messaging/contact_application_events_pb';
import { FriendAddedSchema } from '@nova/proto/gen/messaging/contact_events_pb';
import { noticeEffect } from './notice-effect.ts';

/** Both sides of an application know of it, and an import is no deed of anybody. */
const QUIET_SOURCES = ['application', 'import'];

/** Who was put on a contact list is told. */
export const friendNotice = noticeEffect(
  FriendAddedSchema,
  'friend',
  ['userId', 'friendId', 'source'],
  ({ payload }) => {
    const { userId = '', friendId, source = '' } = payload;
    if (QUIET_SOURCES.includes(source)) return [];
    const target = { type: 'user', id: userId };
    return [{ recipientId: friendId, actorId: userId, kind: 'friend_added', target, data: {} }];
  },
);

/** Who is asked to become a contact is told, with what the other wrote. */
export const applicationNotice = noticeEffect(
  ContactAppliedSchema,
  'application',
  ['applicantId', 'targetId', 'message'],
  ({ aggregateId, payload: { applicantId, targetId, message = '' } }) => [
    {
      recipientId: targetId,
      actorId: applicantId,
      kind: 'contact_applied',
      text: message,
      target: { type: 'contact_application', id: aggregateId },
      data: { application_id: aggregateId },
    },
  ],
);

/** Who has asked is told the answer. */
export const reviewNotice = noticeEffect(
  ContactReviewedSchema,
  'review',
  ['applicantId', 'targetId', 'reviewerId', 'status'],
  ({ aggregateId, payload: { applicantId, targetId, reviewerId, status = '' } }) => [
    {
      recipientId: applicantId,
      actorId: reviewerId ?? targetId,
      kind: 'contact_reviewed',
      target: { type: 'contact_application', id: aggregateId },
      data: { application_id: aggregateId, status },
    },
  ],
);
