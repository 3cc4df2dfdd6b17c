import { append } from '@nova/outbox/local';
import type { Database } from '@nova/postgres';

/** An order as a client gives it. */
export interface Order {
  readonly id: string;
  readonly customerId: string;
  readonly amount: number;
}

/** Stores an order together with its event; false when it was there already. */
export function placeOrder(database: Database, order: Order): Promise<boolean> {
  return database.transaction(async (tx) => {
    const placed = await tx.query(
      `INSERT INTO orders (id, customer_id, amount) VALUES ($1, $2, $3)
       ON CONFLICT (id) DO NOTHING RETURNING id`,
      [order.id, order.customerId, order.amount],
    );
    if (placed.length === 0) return false;
    await append(tx, [
      {
        eventType: 'order_placed',
        aggregateType: 'order',
        aggregateId: order.id,
        payload: { customer_id: order.customerId, amount: order.amount },
      },
    ]);
    return true;
  });
}

/** Marks an order as shipped; false when there is none that is not. */
export function shipOrder(database: Database, id: string, carrier: string): Promise<boolean> {
  return database.transaction(async (tx) => {
    const shipped = await tx.query(
      'UPDATE orders SET shipped = true WHERE id = $1 AND NOT shipped RETURNING id',
      [id],
    );
    if (shipped.length === 0) return false;
    await append(tx, [
      {
        eventType: 'order_shipped',
        aggregateType: 'order',
        aggregateId: id,
        payload: { carrier },
      },
    ]);
    return true;
  });
}
