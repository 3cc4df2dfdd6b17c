import { sleep } from '@nova/time';
import type { Load } from '../load/publishers.ts';
import type { Rig } from './rig.ts';

const WITHIN_MS = 60_000;
const EVERY_MS = 100;

/** Tables that show a message, by database. */
const SHOWN = [
  ['messaging', 'message_view', 'message_id = $2'],
  ['search', 'message_view', 'message_id = $2::uuid'],
  ['activity', 'activity_view', "messages > 0 AND $2::text <> ''"],
  ['notification', 'conversation_view', "$2::text <> ''"],
] as const;

/** Publishes a message, and resolves when every consumer shows it; false after a minute. */
export async function untilShown(rig: Rig, load: Load): Promise<boolean> {
  const endsAt = performance.now() + WITHIN_MS;
  const publishing = load.probe();
  const waiting = new AbortController();
  const late = sleep(WITHIN_MS, waiting.signal).then(() => undefined);
  const probe = await Promise.race([publishing, late]);
  waiting.abort();
  if (probe === undefined) {
    publishing.catch(() => {});
    return false;
  }
  const open = new Set<string>(SHOWN.map(([name]) => name));
  while (open.size > 0 && performance.now() < endsAt) {
    for (const [name, table, condition] of SHOWN) {
      if (!open.has(name)) continue;
      const id = name === 'search' ? '$1::uuid' : '$1';
      const rows = await rig
        .database(name)
        .query(`SELECT 1 FROM views_g1.${table} WHERE conversation_id = ${id} AND ${condition}`, [
          probe.conversation,
          probe.messageId,
        ])
        .catch(() => []);
      if (rows.length > 0) open.delete(name);
    }
    await sleep(EVERY_MS);
  }
  return open.size === 0;
}
