import type { View } from '@nova/projection';
import { blockView } from './block_view/block-view.ts';
import { conversationView } from './conversation_view/conversation-view.ts';
import { memberView } from './member_view/member-view.ts';
import { mentionView } from './mention_view/mention-view.ts';
import { messageView } from './message_view/message-view.ts';
import { participantView } from './participant_view/participant-view.ts';
import { reactionView } from './reaction_view/reaction-view.ts';
import { rosterView } from './roster_view/roster-view.ts';
import { userView } from './user_view/user-view.ts';

/** Everything that the service keeps, fed and rebuilt together. */
export const views: readonly View[] = [
  conversationView,
  memberView,
  rosterView,
  messageView,
  mentionView,
  reactionView,
  participantView,
  userView,
  blockView,
];
