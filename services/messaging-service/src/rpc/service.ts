import { MessagingService } from '@nova/proto/gen/messaging/messaging_service_pb';
import { implement, type ServiceImplementation } from '@nova/rpc';
import { addMemberRpc } from './add-member.ts';
import { createConversationRpc } from './create-conversation.ts';
import type { Dependencies } from './dependencies.ts';
import { getConversationRpc } from './get-conversation.ts';
import { getMessageRpc } from './get-message.ts';
import { getMessageHistoryRpc } from './get-message-history.ts';
import { getUnreadCountRpc } from './get-unread-count.ts';
import { listUserConversationsRpc } from './list-user-conversations.ts';
import { markAsReadRpc } from './mark-as-read.ts';
import { removeMemberRpc } from './remove-member.ts';
import { sendMessageRpc } from './send-message.ts';

/** Every RPC of messaging-service. Who may do what is decided by membership, not by roles. */
export function messagingServices(dependencies: Dependencies): ServiceImplementation[] {
  return [
    implement(
      MessagingService,
      {
        createConversation: createConversationRpc(dependencies),
        addMember: addMemberRpc(dependencies),
        removeMember: removeMemberRpc(dependencies),
        sendMessage: sendMessageRpc(dependencies),
        markAsRead: markAsReadRpc(dependencies),
        getConversation: getConversationRpc(dependencies),
        getMessage: getMessageRpc(dependencies),
        getMessageHistory: getMessageHistoryRpc(dependencies),
        listUserConversations: listUserConversationsRpc(dependencies),
        getUnreadCount: getUnreadCountRpc(dependencies),
      },
      {
        createConversation: 'authenticated',
        addMember: 'authenticated',
        removeMember: 'authenticated',
        sendMessage: 'authenticated',
        markAsRead: 'authenticated',
        getConversation: 'authenticated',
        getMessage: 'authenticated',
        getMessageHistory: 'authenticated',
        listUserConversations: 'authenticated',
        getUnreadCount: 'authenticated',
      },
    ),
  ];
}
