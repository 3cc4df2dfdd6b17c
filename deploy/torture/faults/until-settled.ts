import { sleep } from '@nova/time';
import type { Rig } from './rig.ts';

const WITHIN_MS = 40_000;
const EVERY_MS = 200;
const TIMES_IN_A_ROW = 3;

/** How many messages each view shows, by database. */
const MESSAGES_SHOWN = [
  ['messaging', 'SELECT count(*) AS n FROM views_g1.message_view'],
  ['search', 'SELECT count(*) AS n FROM views_g1.message_view'],
  ['activity', 'SELECT coalesce(sum(messages), 0) AS n FROM views_g1.activity_view'],
  [
    'notification',
    "SELECT count(*) AS n FROM views_g1.notification_view WHERE kind = 'direct_message'",
  ],
] as const;

/**
 * Waits until nothing is to be published, no effect to be appended, and each view shows as many messages
 * as the log has; at most 40 s. So the checker, which takes longer than these questions, is hardly
 * ever asked too early; what it is asked is all the same.
 */
export async function untilSettled(rig: Rig): Promise<void> {
  const endsAt = performance.now() + WITHIN_MS;
  let calm = 0;
  while (calm < TIMES_IN_A_ROW && performance.now() < endsAt) {
    await sleep(EVERY_MS);
    const isCalm = (await isPublished(rig)) && (await isShown(rig));
    calm = isCalm ? calm + 1 : 0;
  }
}

async function isPublished(rig: Rig): Promise<boolean> {
  const [log] = await rig
    .database('log')
    .query<{ behind: boolean }>(
      'SELECT (SELECT min(position) FROM outbox_lanes) < last_position AS behind FROM outbox_log',
    );
  const effects = await rig
    .database('notification')
    .query('SELECT 1 FROM consumer_effects LIMIT 1');
  return log?.behind === false && effects.length === 0;
}

async function isShown(rig: Rig): Promise<boolean> {
  const wanted = await count(
    rig,
    'log',
    "SELECT count(*) AS n FROM outbox_events WHERE event_type = 'message_created'",
  );
  for (const [name, query] of MESSAGES_SHOWN) {
    if ((await count(rig, name, query)) !== wanted) return false;
  }
  return true;
}

async function count(rig: Rig, name: string, query: string): Promise<number> {
  const [row] = await rig.database(name).query<{ n: bigint | string }>(query);
  return Number(row?.n);
}
