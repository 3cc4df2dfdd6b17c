import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { json } from 'node:stream/consumers';
import { isNovaError } from '@nova/errors';
import type { Part } from '@nova/lifecycle';
import type { OwnOutbox } from '@nova/service-kit';
import { placeOrder, shipOrder } from './orders.ts';

const ROUTE = /^\/orders\/([0-9a-f-]{36})(\/shipment)?$/;

/**
 * The API of the service: `PUT /orders/ID {"customer_id", "amount"}` and
 * `PUT /orders/ID/shipment {"carrier"}`. Both may be repeated: an order is stored once.
 */
export function httpApi({ database, wake }: OwnOutbox, port: number): Part {
  const answer: RequestListener = (request, response) => {
    void handle(request)
      .catch((thrown: unknown) => ({
        status: isNovaError(thrown) && thrown.kind.retry === 'never' ? 400 : 503,
        changed: false,
      }))
      .then(({ status, changed }) => {
        if (changed) wake();
        response.writeHead(status).end();
      });
  };
  const handle = async (request: IncomingMessage) => {
    const [, id, shipment] = ROUTE.exec(request.url ?? '') ?? [];
    if (id === undefined || request.method !== 'PUT') return { status: 404, changed: false };
    // The fields are checked by the database and by the outbox.
    const body = (await json(request)) as { customer_id: string; amount: number; carrier: string };
    const { customer_id: customerId, amount, carrier } = body;
    const changed = shipment
      ? await shipOrder(database, id, carrier)
      : await placeOrder(database, { id, customerId, amount });
    return { status: changed ? 201 : 200, changed };
  };
  const server = createServer(answer);
  return {
    name: 'http api',
    async start() {
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
    },
    async stop() {
      if (!server.listening) return;
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
