import { NovaError } from '@nova/errors';
import { errors } from '../errors.ts';

/** A notification as far as marking it needs it. */
export interface Markable {
  readonly user_id: string;
  readonly stored_at: string;
  readonly read_at: string | null;
}

/** A cutoff: everything stored at or before it is read. */
export interface Cutoff {
  readonly read_all_up_to: string | null;
}

/**
 * Whether a notification is read: by itself, or because a cutoff covers it. The cutoff is compared
 * with the time at which the log stored the notification, which nobody can choose and which never
 * decreases: what arrives after a cutoff is unread, however long ago that happened which it tells
 * of.
 */
export function isRead(
  { stored_at, read_at }: Omit<Markable, 'user_id'>,
  cutoff: Cutoff | undefined,
): boolean {
  const upTo = cutoff?.read_all_up_to ?? null;
  return read_at !== null || (upTo !== null && stored_at <= upTo);
}

/**
 * Whether marking the notification changes anything.
 *
 * @throws NOTIFICATION_NOT_FOUND when the user has none; one of another user is not told apart.
 */
export function marksOne(
  { notificationId, userId }: { readonly notificationId: string; readonly userId: string },
  notification: Markable | undefined,
  cutoff: Cutoff | undefined,
): boolean {
  if (notification?.user_id !== userId) {
    throw new NovaError(errors.NOTIFICATION_NOT_FOUND, { notification_id: notificationId });
  }
  return !isRead(notification, cutoff);
}

/** Whether moving the cutoff there changes anything. */
export function marksAll(upTo: string | undefined, cutoff: Cutoff | undefined): upTo is string {
  return upTo !== undefined && upTo > (cutoff?.read_all_up_to ?? '');
}
