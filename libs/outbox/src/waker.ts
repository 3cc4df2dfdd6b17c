import type { Database } from '@nova/postgres';
import { WAKE_CHANNEL } from './wake-channel.ts';

/**
 * Tells relays and followers that the log has grown, after the commit and outside of it: a
 * notification within the transaction would serialise all commits of the server (2,600/s instead of
 * 8,000/s). One notification is in flight; calls meanwhile ask for one more, however many they are.
 * A lost one costs the listeners their next poll, so a failure is no error.
 */
export function createWaker(database: Pick<Database, 'notify'>): { wake(): void } {
  let inFlight = false;
  let asked = false;
  const ring = async () => {
    inFlight = true;
    while (asked) {
      asked = false;
      await database.notify(WAKE_CHANNEL).catch(() => {});
    }
    inFlight = false;
  };
  return {
    wake() {
      asked = true;
      if (!inFlight) void ring();
    },
  };
}
