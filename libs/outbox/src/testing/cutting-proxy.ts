import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A way to a server that can be cut: what a client's death looks like to the server. */
export interface CuttingProxy {
  /** The URL with this proxy in place of the server. */
  readonly url: string;
  /** Drops one connection at random, at both ends at once. */
  cutOne(random: () => number): void;
  close(): Promise<void>;
}

/** Opens a proxy to the server of a URL. */
export async function cuttingProxy(url: string): Promise<CuttingProxy> {
  const target = new URL(url);
  const pairs = new Set<readonly [Socket, Socket]>();
  const cut = (pair: readonly [Socket, Socket]) => {
    pairs.delete(pair);
    for (const socket of pair) socket.destroy();
  };
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    const pair = [client, upstream] as const;
    pairs.add(pair);
    for (const socket of pair) {
      socket.setNoDelay(true);
      socket.on('error', () => cut(pair));
      socket.on('close', () => cut(pair));
    }
    client.pipe(upstream);
    upstream.pipe(client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new TypeError('no TCP address');
  const own = new URL(url);
  own.host = `127.0.0.1:${address.port}`;
  return {
    url: own.href,
    cutOne(random) {
      const pair = [...pairs][Math.floor(random() * pairs.size)];
      if (pair !== undefined) cut(pair);
    },
    async close() {
      for (const pair of pairs) cut(pair);
      server.close();
      await once(server, 'close');
    },
  };
}
