import type { Queryable } from '@nova/postgres';

/** The subscriptions whose filter lets an event type through, as `subscription/NAME`, by name. */
export async function subscriptionsOn(
  database: Queryable,
  eventType: string,
  aggregateType: string,
): Promise<readonly string[]> {
  const rows = await database.query<{ name: string }>(
    `SELECT name FROM subscriptions
     WHERE coalesce(filter -> 'eventTypes' ? $1, true)
       AND coalesce(filter -> 'aggregateTypes' ? $2, true)
     ORDER BY name COLLATE "C"`,
    [eventType, aggregateType],
  );
  return rows.map(({ name }) => `subscription/${name}`);
}
