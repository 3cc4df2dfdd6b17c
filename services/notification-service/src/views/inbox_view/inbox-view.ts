import { formatTime } from '@nova/events';
import { defineView, on } from '@nova/projection';
import {
  NotificationPreferencesChangedSchema,
  NotificationsReadAllSchema,
} from '@nova/proto/gen/notification/notification_inbox_events_pb';
import { isPreference, OFF } from '../../domain/kinds.ts';

/** A user's inbox as a whole. */
export interface Inbox {
  readonly user_id: string;
  /** Notifications stored at or before it are read; null = none is by a cutoff. */
  readonly read_all_up_to: string | null;
  /** `off` by kind, or for `all`. */
  readonly preferences: Readonly<Record<string, string>>;
}

const keys = ({ aggregateId }: { aggregateId: string }) => [{ user_id: aggregateId }];
const none = { read_all_up_to: null, preferences: {} };

/** Read cutoffs and preferences. */
export const inboxView = defineView<Inbox, 'user_id'>({
  name: 'inbox_view',
  version: 1,
  table: new URL('./table.sql', import.meta.url),
  key: ['user_id'],
  handlers: [
    on(NotificationsReadAllSchema, {
      fields: ['upTo'],
      keys,
      fold(row, { payload, storedAt }, key) {
        const given = payload.upTo === undefined ? undefined : formatTime(payload.upTo);
        if (given === undefined) return row;
        // Nobody has seen what comes later than the event itself, whatever its payload says.
        const [upTo = given] = [given, storedAt].sort();
        const before = row ?? none;
        if (before.read_all_up_to !== null && before.read_all_up_to >= upTo) return row;
        return { ...before, ...key, read_all_up_to: upTo };
      },
    }),
    on(NotificationPreferencesChangedSchema, {
      fields: ['preferences'],
      keys,
      fold(row, { payload }, key) {
        const before = row ?? none;
        const given = Object.entries(payload.preferences).filter(([name]) => isPreference(name));
        if (given.length === 0) return row;
        const changed = Object.entries({ ...before.preferences, ...Object.fromEntries(given) });
        const preferences = Object.fromEntries(changed.filter(([, value]) => value === OFF));
        return { ...before, ...key, preferences };
      },
    }),
  ],
});
