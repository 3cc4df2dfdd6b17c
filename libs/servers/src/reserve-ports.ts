import { connect, createServer, type Server, type Socket } from 'node:net';

/** Ports that the system gives to nobody else. */
export interface PortReservation {
  release(): void;
}

/**
 * Keeps ports from being taken as the near end of some connection while nobody listens on them:
 * before a server has started, and while it is started again. Anybody may still listen on them.
 *
 * nova's ports lie in the range that Linux takes near ends from, and a connection blocks a listener
 * on its port, for a minute even after it was closed. Linux leaves out ports that a socket was bound
 * to by name, and lets a listener share one with a bound connection if both allow it, as libuv,
 * PostgreSQL and Java do. So each port is the near end of a connection of our own. Elsewhere than on
 * Linux this does nothing; a port that is taken already is left out.
 */
export async function reservePorts(ports: readonly number[]): Promise<PortReservation> {
  if (process.platform !== 'linux') return { release: () => {} };
  const sink = await openSink();
  const sinkPort = portOf(sink);
  const held = await Promise.all(ports.map((port) => hold(port, sinkPort)));
  return {
    release() {
      sink.close();
      for (const socket of held) socket?.destroy();
    },
  };
}

function openSink(): Promise<Server> {
  return new Promise((resolve, reject) => {
    const sink = createServer((socket) => {
      socket.unref();
      socket.on('error', () => {});
      socket.resume();
    });
    sink.unref();
    sink.once('error', reject);
    sink.listen(0, '127.0.0.1', () => resolve(sink));
  });
}

function portOf(sink: Server): number {
  const address = sink.address();
  return address !== null && typeof address === 'object' ? address.port : 0;
}

function hold(localPort: number, port: number): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const localAddress = '127.0.0.1';
    const socket = connect({ host: localAddress, port, localAddress, localPort });
    socket.unref();
    socket.once('connect', () => resolve(socket));
    socket.on('error', () => resolve(undefined));
  });
}
