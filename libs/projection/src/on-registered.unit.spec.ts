import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import type { StoredEvent } from '@nova/events';
import { defineView } from './index.ts';
import { onRegistered } from './on-registered.ts';
import { MemoryViews } from './testing.ts';

interface Order {
  readonly order_id: string;
  readonly total: number;
}

const table = new URL('./testdata/order_view.sql', import.meta.url);
const ORDER = '550e8400-e29b-41d4-a716-446655440000';

const view = defineView<Order, 'order_id'>({
  name: 'order_view',
  version: 1,
  table,
  key: ['order_id'],
  handlers: [
    onRegistered(
      { eventType: 'order_placed', aggregateType: 'order' },
      {
        keys: ({ aggregateId }) => [{ order_id: aggregateId }],
        fold(row, { payload }, key) {
          const lines = Array.isArray(payload['lines']) ? payload['lines'].length : 0;
          return { ...key, total: (row?.total ?? 0) + Number(payload['total'] ?? 0) + lines };
        },
      },
    ),
  ],
});

const stored = (payload: unknown, version: bigint): StoredEvent => ({
  position: { epoch: '0'.repeat(16), position: version },
  eventId: ORDER,
  eventType: 'order_placed',
  schemaVersion: 1,
  aggregateType: 'order',
  aggregateId: ORDER,
  aggregateVersion: version,
  typeSequence: version,
  previous: {},
  lane: 0,
  payload: new TextEncoder().encode(JSON.stringify(payload)),
  source: '/nova/shop',
  occurredAt: '2026-11-22T00:00:00.000000Z',
  storedAt: '2026-11-22T00:00:00.000000Z',
  annotations: {},
});

describe('onRegistered', () => {
  it('folds the payload of a registered type as the JSON that was published', () => {
    expect(readFileSync(table, 'utf8')).toContain('order_view');
    const views = new MemoryViews([view]);
    views.apply([
      stored({ total: 12.5, lines: [{ sku: 'a' }, null], note: null }, 1n),
      stored({ added_later: { deep: [1] } }, 2n),
    ]);
    expect(views.row(view, { order_id: ORDER })).toEqual({ order_id: ORDER, total: 14.5 });
    expect(view.aggregateType).toBe('order');
  });

  it('lets a fold see the fields that it names, and no others', () => {
    const seen: unknown[] = [];
    const narrow = defineView<Order, 'order_id'>({
      name: 'order_view',
      version: 1,
      table,
      key: ['order_id'],
      handlers: [
        onRegistered(
          { eventType: 'order_placed', aggregateType: 'order', fields: ['total', 'note'] },
          {
            keys: ({ aggregateId }) => [{ order_id: aggregateId }],
            fold(_, { payload }, key) {
              seen.push(payload);
              return { ...key, total: Number(payload['total'] ?? 0) };
            },
          },
        ),
      ],
    });
    const views = new MemoryViews([narrow]);
    views.apply([stored({ total: 1, lines: [], note: null }, 1n), stored({ lines: [] }, 2n)]);
    expect(seen).toEqual([{ total: 1, note: null }, {}]);
    expect(narrow.handlers.get('order_placed')?.fields).toEqual(['total', 'note']);
  });

  it('takes no name that is no event type', () => {
    const fold = { keys: () => [], fold: () => undefined };
    expect(() => onRegistered({ eventType: 'order', aggregateType: 'order' }, fold)).toThrow(
      'the name is no event type',
    );
  });
});
