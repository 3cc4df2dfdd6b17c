import type { Effect } from '@nova/consumer';
import {
  commentLikeNotice,
  commentNotice,
  followNotice,
  mentionNotice,
  postLikeNotice,
} from './community.ts';
import { applicationNotice, friendNotice, reviewNotice } from './contacts.ts';
import { memberNotice, messageNotice } from './messages.ts';

/** Everything that users are told about. */
export const allEffects: readonly Effect[] = [
  messageNotice,
  memberNotice,
  friendNotice,
  applicationNotice,
  reviewNotice,
  followNotice,
  postLikeNotice,
  commentLikeNotice,
  commentNotice,
  mentionNotice,
];
