import type { View } from '@nova/projection';
import { commentView } from './comment_view/comment-view.ts';
import { contactView } from './contact_view/contact-view.ts';
import { memberView } from './member_view/member-view.ts';
import { messageView } from './message_view/message-view.ts';
import { postView } from './post_view/post-view.ts';
import { userView } from './user_view/user-view.ts';

/**
 * Everything that the service keeps, fed and rebuilt together. message_view comes first: its
 * table.sql makes the index of words that the other tables add to.
 */
export const views: readonly View[] = [
  messageView,
  userView,
  postView,
  commentView,
  memberView,
  contactView,
];
