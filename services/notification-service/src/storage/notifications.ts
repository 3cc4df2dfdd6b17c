import { loadSql, type Queryable } from '@nova/postgres';
import type { NotificationRow } from '../views/notification_view/notification-view.ts';

const listSql = loadSql(new URL('./list-notifications.sql', import.meta.url));
const listUnreadSql = loadSql(new URL('./list-unread.sql', import.meta.url));
const countUnreadSql = loadSql(new URL('./count-unread.sql', import.meta.url));
const newestUnreadSql = loadSql(new URL('./newest-unread.sql', import.meta.url));

/** A notification with the cutoff of its user's inbox. */
export interface ListedNotification extends Omit<NotificationRow, 'position'> {
  readonly position: bigint;
  readonly read_all_up_to: string | null;
}

/** A place in a list: the notification that was last before it. */
export interface Place {
  readonly storedAt: string;
  readonly position: string;
}

/** Which notifications of a user; no kinds = all. */
export interface Selection {
  readonly userId: string;
  readonly kinds: readonly string[];
}

/** The notifications after a place, newest first. */
export function listNotifications(
  views: Queryable,
  { userId, kinds, unreadOnly }: Selection & { readonly unreadOnly: boolean },
  after: Place | undefined,
  limit: number,
): Promise<ListedNotification[]> {
  return views.query<ListedNotification>(unreadOnly ? listUnreadSql : listSql, [
    userId,
    kindsOrAll(kinds),
    after?.storedAt ?? null,
    after?.position ?? null,
    limit,
  ]);
}

/** How many are unread, counted up to `most`. */
export async function countUnread(
  views: Queryable,
  { userId, kinds }: Selection,
  most: number,
): Promise<number> {
  const parameters = [userId, kindsOrAll(kinds), most];
  const [row] = await views.query<{ unread: number }>(countUnreadSql, parameters);
  return row?.unread ?? 0;
}

/** When the log stored the newest unread notification of a user. */
export async function newestUnread(views: Queryable, userId: string): Promise<string | undefined> {
  const [row] = await views.query<{ stored_at: string }>(newestUnreadSql, [userId]);
  return row?.stored_at;
}

function kindsOrAll(kinds: readonly string[]): readonly string[] | null {
  return kinds.length === 0 ? null : kinds;
}
