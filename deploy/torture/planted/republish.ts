import { countRange, listRepublishes, logHead, startRepublish } from '@nova/outbox';
import type { Database } from '@nova/postgres';
import { until } from './world.ts';

/**
 * Asks the relays for what `nova relay republish --from beginning` has events-service ask them for, and
 * resolves when they have done it. Not by the RPC: its service's tables and those of a consumer do not go
 * into one database.
 */
export async function republish(database: Database): Promise<void> {
  const range = { from: 1n, to: (await logHead(database)).head.position, eventTypes: [] };
  const counts = await countRange(database, range);
  const { id } = await startRepublish(database, {
    ...range,
    eventsPerSecond: 0,
    reason: 'topics lost',
    requestedBy: 'torture',
    events: [...counts.values()].reduce((sum, count) => sum + count, 0n),
  });
  await until(async () => (await listRepublishes(database, id))[0]?.state === 'done');
}
