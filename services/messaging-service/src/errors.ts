import { defineErrors } from '@nova/errors';

/** What messaging-service refuses, and why. */
export const errors = defineErrors({
  MESSAGING_CONVERSATION_NOT_FOUND: {
    message: 'there is no conversation {conversation_id} that user {user_id} belongs to',
    status: 'NOT_FOUND',
    retry: 'never',
    blame: 'caller',
    hint: 'Look at ListUserConversations; who does not belong to a conversation is not told of it.',
  },
  MESSAGING_MESSAGE_NOT_FOUND: {
    message: 'there is no message {message_id} in conversation {conversation_id} to be read',
    status: 'NOT_FOUND',
    retry: 'never',
    blame: 'caller',
    hint: 'Look at GetMessageHistory; it shows what was sent while the user was a member.',
  },
  MESSAGING_MEMBER_NEEDED: {
    message: 'user {user_id} is no member of conversation {conversation_id} any more',
    status: 'PERMISSION_DENIED',
    retry: 'never',
    blame: 'caller',
    hint: 'An owner or admin can add the user again; what was said before can still be read.',
  },
  MESSAGING_ROLE_NEEDED: {
    message: '{what} takes the role {role}; user {user_id} is {actual}',
    status: 'PERMISSION_DENIED',
    retry: 'never',
    blame: 'caller',
    hint: 'Ask somebody with that role to do it.',
  },
  MESSAGING_CONVERSATION_CLOSED: {
    message: 'conversation {conversation_id} is closed',
    status: 'FAILED_PRECONDITION',
    retry: 'never',
    blame: 'caller',
    hint: 'A closed conversation can be read and left; the event conversation_reopened opens it.',
  },
  MESSAGING_MEMBERS_FIXED: {
    message: 'conversation {conversation_id} is direct: its two members stay',
    status: 'FAILED_PRECONDITION',
    retry: 'never',
    blame: 'caller',
    hint: 'Create a group for more than two; one may hide a direct conversation for oneself.',
  },
  MESSAGING_SUCCESSOR_NEEDED: {
    message:
      'user {user_id} is the last owner of conversation {conversation_id}, where others stay',
    status: 'FAILED_PRECONDITION',
    retry: 'never',
    blame: 'caller',
    hint: 'Name in successor_id the member who shall be the owner then.',
  },
  MESSAGING_SUCCESSOR_UNFIT: {
    message: 'user {user_id} cannot follow as owner of conversation {conversation_id}: {why}',
    status: 'FAILED_PRECONDITION',
    retry: 'never',
    blame: 'caller',
    hint: 'Only an owner who leaves names a successor, another member of the group.',
  },
  MESSAGING_SENDER_BLOCKED: {
    message: 'user {recipient_id} takes no messages from user {user_id}',
    status: 'PERMISSION_DENIED',
    retry: 'never',
    blame: 'caller',
    hint: 'Only the recipient can lift the block.',
  },
});
