import { defineView, onRegistered } from '@nova/projection';

interface Order {
  readonly order_id: string;
  readonly amount: number;
  /** How often it was placed and shipped: 1 each, if nothing is doubled. */
  readonly placed: number;
  readonly shipped: number;
}

const keys = ({ aggregateId }: { aggregateId: string }) => [{ order_id: aggregateId }];
const none = { amount: 0, placed: 0, shipped: 0 };

// It sees these fields only, so `nova schema diff` knows which changes break it.
const order = (eventType: string, fields: string[] = []) => ({
  eventType,
  aggregateType: 'order',
  fields,
});

/** The orders of another team, as their events tell. */
export const orderView = defineView<Order, 'order_id'>({
  name: 'order_view',
  version: 1,
  table: new URL('./table.sql', import.meta.url),
  key: ['order_id'],
  handlers: [
    onRegistered(order('order_placed', ['amount']), {
      keys,
      fold(row, { payload }, key) {
        const { placed, shipped } = row ?? none;
        return { ...key, amount: Number(payload['amount']), placed: placed + 1, shipped };
      },
    }),
    onRegistered(order('order_shipped'), {
      keys,
      fold(row, _, key) {
        const { amount, placed, shipped } = row ?? none;
        return { ...key, amount, placed, shipped: shipped + 1 };
      },
    }),
  ],
});
