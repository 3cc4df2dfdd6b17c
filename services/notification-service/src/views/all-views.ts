import type { View } from '@nova/projection';
import { blockView } from './block_view/block-view.ts';
import { commentView } from './comment_view/comment-view.ts';
import { conversationView } from './conversation_view/conversation-view.ts';
import { inboxView } from './inbox_view/inbox-view.ts';
import { memberView } from './member_view/member-view.ts';
import { muteView } from './mute_view/mute-view.ts';
import { notificationView } from './notification_view/notification-view.ts';
import { userView } from './user_view/user-view.ts';

/** What users are told, and what is needed to decide it. */
export const allViews: readonly View[] = [
  notificationView,
  inboxView,
  conversationView,
  memberView,
  commentView,
  muteView,
  blockView,
  userView,
];
