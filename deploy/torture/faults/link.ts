import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** Which bytes a cut link keeps: to the server, from the server, or both. */
export type Direction = 'both' | 'to' | 'from';

/** One way of the bytes of a connection. */
class Way {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #link: Link;
  readonly #direction: 'to' | 'from';
  #queue: Buffer[] = [];
  #hasEnded = false;

  constructor(from: Socket, to: Socket, link: Link, direction: 'to' | 'from') {
    this.#from = from;
    this.#to = to;
    this.#link = link;
    this.#direction = direction;
    from.on('data', (bytes: Buffer) => {
      if (link.delayMs > 0) setTimeout(() => this.#take(bytes), link.delayMs);
      else this.#take(bytes);
    });
    from.on('end', () => {
      this.#hasEnded = true;
      this.flow();
    });
  }

  /** Passes on what is kept, unless the link is cut. */
  flow(): void {
    if (this.#link.isCut(this.#direction)) return;
    for (const bytes of this.#queue.splice(0)) this.#to.write(bytes);
    if (this.#hasEnded && this.#link.delayMs === 0) this.#to.end();
    this.#from.resume();
  }

  #take(bytes: Buffer): void {
    this.#queue.push(bytes);
    if (this.#link.isCut(this.#direction)) this.#from.pause();
    else this.flow();
  }
}

/**
 * The way of one client to one server, as a TCP proxy that may be cut (what is under way comes later,
 * as over a network), reset, or slowed down.
 */
export class Link {
  /** Every piece of bytes comes so much later. */
  delayMs = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #ways = new Set<Way>();
  #cut: Direction | undefined;
  #resets = false;
  #targetPort = 0;

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => this.#join(socket));
  }

  /** Listens on a free port of this machine. */
  static async open(): Promise<Link> {
    const server = createServer();
    const link = new Link(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return link;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** Where it leads to, a port of this machine. */
  leadTo(port: number): void {
    this.#targetPort = port;
  }

  isCut(direction: 'to' | 'from'): boolean {
    return this.#cut === 'both' || this.#cut === direction;
  }

  /** Keeps all bytes in this direction, until {@link heal}. */
  cut(direction: Direction): void {
    this.#cut = direction;
  }

  /** Resets every connection, and every new one, until {@link heal}. */
  reset(): void {
    this.#resets = true;
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** All is well again; what was kept is passed on. */
  heal(): void {
    this.#cut = undefined;
    this.#resets = false;
    this.delayMs = 0;
    for (const way of this.#ways) way.flow();
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #join(client: Socket): void {
    if (this.#resets) {
      client.resetAndDestroy();
      return;
    }
    const server = connect(this.#targetPort, '127.0.0.1');
    const ways = [new Way(client, server, this, 'to'), new Way(server, client, this, 'from')];
    for (const way of ways) this.#ways.add(way);
    const end = () => {
      for (const way of ways) this.#ways.delete(way);
      for (const socket of [client, server]) {
        this.#sockets.delete(socket);
        socket.destroy();
      }
    };
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      this.#sockets.add(socket);
      socket.on('error', end);
      socket.on('close', end);
    }
  }
}
