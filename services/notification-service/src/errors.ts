import { defineErrors } from '@nova/errors';

/** What notification-service refuses, and why. */
export const errors = defineErrors({
  NOTIFICATION_NOT_FOUND: {
    message: 'the user has no notification {notification_id}',
    status: 'NOT_FOUND',
    retry: 'never',
    blame: 'caller',
    hint: 'Take the id from GetNotifications; a deleted one is gone, and those of others are not shown.',
  },
});
