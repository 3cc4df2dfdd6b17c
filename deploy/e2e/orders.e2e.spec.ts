import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@nova/testkit';
import { commandsOf } from './document.ts';
import { ordersBeside } from './orders-beside.ts';
import { ordersWhileKilling } from './orders-killed.ts';
import { prepareStack } from './stack.ts';
import { psql } from './witness.ts';

const DOCUMENT = 'docs/use-in-your-service.md';
const DOCUMENTED_ORDER = '3f0c6a52-8a0e-4b7a-9a53-0c6f6f0a1b22';
/** What is killed, in this order, while orders are placed and shipped. */
const KILLS = ['orders', 'events-service', 'board', 'postgres', 'orders', 'relay', 'orders'];
const ORDERS_BETWEEN = 40;

const stack = prepareStack(4000);
const beside = ordersBeside(stack);
const { orders, board, view, put } = beside;

const isShipped = async (id: string) =>
  (await view()).some(([order, , , shipped]) => order === id && shipped === '1');
const untilShipped = (id: string) =>
  waitFor(() => isShipped(id), {
    withinMs: 60_000,
    what: `the order in the view\n${orders.log().slice(-2000)}\n${board.log().slice(-2000)}`,
  });

/** Does what the document says, and waits for what follows from it. */
async function follow(command: string): Promise<void> {
  if (/^node /m.test(command)) {
    const which = command.includes('order-board') ? 'board' : 'orders';
    beside[which].startBy(stack.moved(command));
    return beside.untilReady(which);
  }
  const { code, stderr } = await stack.shell(command);
  expect({ command, code, stderr: code === 0 ? '' : stderr }).toMatchObject({ code: 0 });
  if (command.startsWith('curl')) await untilShipped(DOCUMENTED_ORDER);
}

/** `./nova outbox …`, in a shell that has what the service was started with. */
async function outbox(command: string): Promise<{ code: number; told: unknown }> {
  const { code, stdout } = await stack.shell(
    `export NOVA_ORDERS_DATABASE_URL=${beside.ordersDatabase}\n./nova outbox ${command} -o json`,
  );
  return { code, told: stdout === '' ? undefined : JSON.parse(stdout) };
}

describe('a service with an outbox of its own, and a service that looks on', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nova-orders-spec-'));
  const known = [DOCUMENTED_ORDER];

  afterAll(async () => {
    orders.remove();
    board.remove();
    rmSync(folder, { recursive: true, force: true });
    await stack.remove();
  }, 60_000);

  beforeAll(async () => {
    const { code, stderr } = await stack.nova('up', '--detach');
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  }, 180_000);

  it('come to life by the commands of docs/use-in-your-service.md as they stand', async () => {
    for (const command of commandsOf(DOCUMENT)) {
      await follow(command.replaceAll('localhost:8090', `localhost:${beside.httpPort}`));
    }
    expect(await view()).toEqual([[DOCUMENTED_ORDER, '42', '1', '1']]);
  }, 90_000);

  it('lose and double nothing, whatever is killed between the commit and the view', async () => {
    const { orders: placed, verdict } = await ordersWhileKilling(beside, known, async (load) => {
      for (const what of KILLS) {
        await load.further(ORDERS_BETWEEN);
        await beside.kill(what);
      }
      await load.further(ORDERS_BETWEEN);
    });
    expect(verdict).toEqual({ missing: 0, incomplete: 0, doubled: 0, invented: 0 });
    const [counts] = await psql(
      await stack.databaseUrl('nova_events'),
      `SELECT count(*), count(DISTINCT event_id), count(DISTINCT aggregate_id)
       FROM outbox_events WHERE source = '/nova/orders'`,
    );
    expect(counts).toEqual([2 * (placed + 1), 2 * (placed + 1), placed + 1].map(String));
  }, 300_000);

  it('tell an operator what nova refuses, and send it once its schema allows it', async () => {
    const [refused, other] = [randomUUID(), randomUUID()];
    const order = { customer_id: randomUUID(), amount: 7 };
    await put(refused, order);
    await put(`${refused}/shipment`, { carrier: '' });
    await waitFor(async () => (await outbox('parked list orders')).code === 1, {
      withinMs: 60_000,
      what: 'a refusal',
    });
    expect(await outbox('parked list orders')).toMatchObject({
      told: [
        {
          ...{ aggregate_type: 'order', aggregate_id: refused, event_type: 'order_shipped' },
          ...{ source_version: '2', waiting_events: '1', reason: 'EVENT_INVALID' },
          message: expect.stringContaining('carrier'),
        },
      ],
    });
    expect(await outbox('status orders')).toMatchObject({
      code: 1,
      told: { is_forwarded: true, parked_aggregates: 1, parked_events: 1 },
    });
    // All others go on.
    await put(other, order);
    await put(`${other}/shipment`, { carrier: 'bicycle' });
    await untilShipped(other);
    expect(await isShipped(refused)).toBe(false);
    const schema = join(folder, 'order_shipped.json');
    const properties = { carrier: { type: 'string' } };
    writeFileSync(
      schema,
      JSON.stringify({
        ...{ type: 'object', properties, required: ['carrier'], additionalProperties: false },
      }),
    );
    expect(await stack.nova('schema', 'register', 'order_shipped', schema)).toMatchObject({
      code: 0,
    });
    const { code } = await outbox(`parked retry orders order/${refused}`);
    // It may have gone by itself in this very moment.
    expect([0, 1]).toContain(code);
    await untilShipped(refused);
    await waitFor(async () => (await outbox('parked list orders')).code === 0, {
      withinMs: 60_000,
      what: 'nothing refused',
    });
    const strange = await stack.nova('outbox', 'status', 'board');
    expect(strange).toMatchObject({ code: 1, stderr: expect.stringContaining('NOVA_BOARD_') });
  }, 240_000);
});
