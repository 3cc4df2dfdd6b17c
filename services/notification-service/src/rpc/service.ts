import { NotificationService } from '@nova/proto/gen/notification/notification_service_pb';
import { implement, type ServiceImplementation } from '@nova/rpc';
import type { Dependencies } from './dependencies.ts';
import { getNotifications } from './get-notifications.ts';
import { getUnreadCount } from './get-unread-count.ts';
import { markAllNotificationsAsRead } from './mark-all-notifications-as-read.ts';
import { markNotificationAsRead } from './mark-notification-as-read.ts';

/** Every RPC of notification-service. Whoever is identified may call; each acts for themselves. */
export function notificationServices(dependencies: Dependencies): ServiceImplementation[] {
  return [
    implement(
      NotificationService,
      {
        getNotifications: getNotifications(dependencies),
        getUnreadCount: getUnreadCount(dependencies),
        markNotificationAsRead: markNotificationAsRead(dependencies),
        markAllNotificationsAsRead: markAllNotificationsAsRead(dependencies),
      },
      {
        getNotifications: 'authenticated',
        getUnreadCount: 'authenticated',
        markNotificationAsRead: 'authenticated',
        markAllNotificationsAsRead: 'authenticated',
      },
    ),
  ];
}
