import { join } from 'node:path';
import { waitFor } from '@nova/testkit';
import { sleep } from '@nova/time';
import { type ExampleProcess, exampleProcess } from './example-service.ts';
import { root, type Stack } from './stack.ts';
import { psql } from './witness.ts';

/** `examples/orders`, which has an outbox of its own, and `examples/order-board`, which looks on. */
export interface OrdersBeside {
  readonly orders: ExampleProcess;
  readonly board: ExampleProcess;
  /** Port of the HTTP API of orders. */
  readonly httpPort: number;
  readonly ordersDatabase: string;
  /** Waits until one of the two is ready. */
  untilReady(which: 'orders' | 'board'): Promise<void>;
  /** The board's view: order id, amount, how often placed, how often shipped. */
  view(): Promise<string[][]>;
  /** Repeats a request, as every client must, until it is answered; how often it was repeated. */
  put(path: string, body: object): Promise<number>;
  /** kill -9 of one of the two, which is started again, or of a part of the stack by its name. */
  kill(what: string): Promise<void>;
}

/** Both beside a stack; none is started, and their databases are made by their document. */
export function ordersBeside(stack: Stack): OrdersBeside {
  const database = (role: string, password: string) =>
    `postgres://${role}:${password}@localhost:${stack.port(54320)}/${role}`;
  const ordersDatabase = database('nova_orders', 'ordering');
  const boardDatabase = database('nova_order_board', 'looking');
  const ports = { http: stack.port(10_090), orders: stack.port(10_171), board: stack.port(10_172) };
  const examples = {
    orders: exampleProcess(
      stack,
      join(root, 'examples/orders/src/main.ts'),
      { NOVA_OPS_PORT: String(ports.orders), NOVA_ORDERS_HTTP_PORT: String(ports.http) },
      { NOVA_ORDERS_DATABASE_URL: ordersDatabase },
    ),
    board: exampleProcess(
      stack,
      join(root, 'examples/order-board/src/main.ts'),
      { NOVA_OPS_PORT: String(ports.board), NOVA_GRPC_PORT: String(stack.port(10_072)) },
      { NOVA_ORDER_BOARD_DATABASE_URL: boardDatabase },
    ),
  };
  return {
    ...examples,
    httpPort: ports.http,
    ordersDatabase,
    async untilReady(which) {
      const isReady = async () => (await fetch(`http://127.0.0.1:${ports[which]}/health/ready`)).ok;
      await waitFor(isReady, { withinMs: 60_000, what: `${which} to be ready` });
    },
    view: () =>
      psql(boardDatabase, 'SELECT order_id, amount, placed, shipped FROM views_g1.order_view'),
    put: (path, body) => put(`http://127.0.0.1:${ports.http}/orders/${path}`, body),
    async kill(what) {
      if (what !== 'orders' && what !== 'board') return killPart(stack, what);
      await examples[what].end('SIGKILL');
      return examples[what].start();
    },
  };
}

async function put(url: string, body: object): Promise<number> {
  for (let repeated = 0; ; repeated += 1) {
    const status = await fetch(url, { method: 'PUT', body: JSON.stringify(body) }).then(
      (response) => response.status,
      () => 0,
    );
    if (status === 200 || status === 201) return repeated;
    if (status === 400 || status === 404) throw new Error(`${url}: ${status}`);
    await sleep(50);
  }
}

/** While it is being started again it has no process to be killed. */
async function killPart(stack: Stack, part: string): Promise<void> {
  const kill = async () => {
    const pid = (await stack.pids()).get(part);
    return pid !== undefined && process.kill(pid, 'SIGKILL');
  };
  await waitFor(() => kill().catch(() => false), { withinMs: 90_000, what: `${part} to run` });
}
