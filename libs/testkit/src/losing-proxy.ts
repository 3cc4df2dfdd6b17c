import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A way to a server that loses answers: the request arrives and is carried out, its answer does not. */
export interface LosingProxy {
  /** Where to connect instead of the server, on 127.0.0.1. */
  readonly port: number;
  /** Answers lost so far. */
  lost(): number;
  close(): void;
}

/**
 * Passes bytes on to a port of this machine. When `shallLose` says so of bytes of a request, what the
 * server answers next on that connection is thrown away, and the connection is reset.
 */
export async function losingProxy(
  serverPort: number,
  shallLose: (request: Buffer) => boolean,
): Promise<LosingProxy> {
  let lost = 0;
  const sockets = new Set<Socket>();
  const front = createServer((near) => {
    const far = connect(serverPort, '127.0.0.1');
    let losing = false;
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    }
    near.on('data', (bytes) => {
      losing ||= shallLose(bytes);
      far.write(bytes);
    });
    far.on('data', (bytes) => {
      if (!losing) {
        near.write(bytes);
        return;
      }
      lost += near.destroyed ? 0 : 1;
      near.resetAndDestroy();
      far.end();
    });
    near.on('close', () => far.end());
    far.on('close', () => near.destroy());
  });
  front.listen(0, '127.0.0.1');
  await once(front, 'listening');
  const address = front.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    lost: () => lost,
    close() {
      for (const socket of sockets) socket.destroy();
      front.close();
    },
  };
}
