import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@nova/testkit';
import { sleep } from '@nova/time';
import { commandsOf } from './document.ts';
import { type ExampleProcess, exampleProcess } from './example-service.ts';
import { prepareStack, root } from './stack.ts';
import { psql } from './witness.ts';

const DOCUMENT = 'docs/use-in-your-service.md';
const ORDERS = 300;
const CLIENTS = 6;
/** What is killed, in this order, while orders are placed and shipped. */
const KILLS = ['orders', 'events-service', 'board', 'orders', 'relay', 'orders'] as const;

const stack = prepareStack(4000);
const database = (role: string, password: string) =>
  `postgres://${role}:${password}@localhost:${stack.port(54320)}/${role}`;
const databases = {
  orders: database('nova_orders', 'ordering'),
  board: database('nova_order_board', 'looking'),
};
const ports = { http: stack.port(10_090), orders: stack.port(10_171), board: stack.port(10_172) };

const orders = exampleProcess(
  stack,
  join(root, 'examples/orders/src/main.ts'),
  { NOVA_OPS_PORT: String(ports.orders), NOVA_ORDERS_HTTP_PORT: String(ports.http) },
  { NOVA_ORDERS_DATABASE_URL: databases.orders },
);
const board = exampleProcess(
  stack,
  join(root, 'examples/order-board/src/main.ts'),
  { NOVA_OPS_PORT: String(ports.board), NOVA_GRPC_PORT: String(stack.port(10_072)) },
  { NOVA_ORDER_BOARD_DATABASE_URL: databases.board },
);

const untilReady = async (example: ExampleProcess, port: number): Promise<void> => {
  await waitFor(async () => (await fetch(`http://127.0.0.1:${port}/health/ready`)).ok, {
    withinMs: 30_000,
    what: `the example\n${example.log().slice(-3000)}`,
  });
};

const view = () =>
  psql(databases.board, 'SELECT order_id, amount, placed, shipped FROM views_g1.order_view');

/** Repeats a request, as every client must, until it is answered. */
async function put(path: string, body: object): Promise<void> {
  for (;;) {
    const status = await fetch(`http://127.0.0.1:${ports.http}/orders/${path}`, {
      method: 'PUT',
      body: JSON.stringify(body),
    }).then(
      (response) => response.status,
      () => 0,
    );
    if (status === 200 || status === 201) return;
    if (status === 400 || status === 404) throw new Error(`${path}: ${status}`);
    await sleep(50);
  }
}

async function kill(what: (typeof KILLS)[number]): Promise<void> {
  if (what === 'orders' || what === 'board') {
    const example = what === 'orders' ? orders : board;
    await example.end('SIGKILL');
    return example.start();
  }
  const pid = (await stack.pids()).get(what);
  if (pid === undefined) throw new Error(`${what} does not run`);
  process.kill(pid, 'SIGKILL');
}

/** Does what the document says, and waits for what follows from it. */
async function follow(command: string): Promise<void> {
  if (/^node /m.test(command)) {
    const isBoard = command.includes('order-board');
    const example = isBoard ? board : orders;
    example.startBy(stack.moved(command));
    return untilReady(example, isBoard ? ports.board : ports.orders);
  }
  const { code, stderr } = await stack.shell(command);
  expect({ command, code, stderr: code === 0 ? '' : stderr }).toMatchObject({ code: 0 });
  if (!command.startsWith('curl')) return;
  await waitFor(async () => (await view()).some(([, , , shipped]) => shipped === '1'), {
    withinMs: 30_000,
    what: `the order in the view\n${orders.log().slice(-2000)}\n${board.log().slice(-2000)}`,
  });
}

describe('a service with an outbox of its own, and a service that looks on', () => {
  afterAll(async () => {
    orders.remove();
    board.remove();
    await stack.remove();
  }, 60_000);

  beforeAll(async () => {
    const { code, stderr } = await stack.nova('up', '--detach');
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  }, 180_000);

  it('come to life by the commands of docs/use-in-your-service.md as they stand', async () => {
    for (const command of commandsOf(DOCUMENT)) {
      await follow(command.replaceAll('localhost:8090', `localhost:${ports.http}`));
    }
    expect(await view()).toEqual([['3f0c6a52-8a0e-4b7a-9a53-0c6f6f0a1b22', '42', '1', '1']]);
  }, 90_000);

  it('lose and double nothing, whatever is killed between the commit and the view', async () => {
    const ids = Array.from({ length: ORDERS }, () => randomUUID());
    let begun = 0;
    const client = async () => {
      for (let next = ids[begun++]; next !== undefined; next = ids[begun++]) {
        await put(next, { customer_id: randomUUID(), amount: 7 });
        await put(`${next}/shipment`, { carrier: 'bicycle' });
      }
    };
    const killing = async () => {
      for (const [index, what] of KILLS.entries()) {
        const due = (ORDERS / (KILLS.length + 1)) * (index + 1);
        await waitFor(() => begun >= due, { withinMs: 60_000, what: `${due} orders` });
        await kill(what);
      }
    };
    await Promise.all([killing(), ...Array.from({ length: CLIENTS }, client)]);
    const expected = [
      '3f0c6a52-8a0e-4b7a-9a53-0c6f6f0a1b22 42 1 1',
      ...ids.map((id) => `${id} 7 1 1`),
    ].sort();
    await waitFor(
      async () => {
        expect((await view()).map((row) => row.join(' ')).sort()).toEqual(expected);
        return true;
      },
      { withinMs: 60_000, everyMs: 500, what: 'every order in the view, once' },
    );
    const [counts] = await psql(
      await stack.databaseUrl('nova_events'),
      `SELECT count(*), count(DISTINCT event_id), count(DISTINCT aggregate_id)
       FROM outbox_events WHERE source = '/nova/orders'`,
    );
    expect(counts).toEqual([2 * (ORDERS + 1), 2 * (ORDERS + 1), ORDERS + 1].map(String));
  }, 150_000);
});
