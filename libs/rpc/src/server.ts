import { once } from 'node:events';
import { createServer as createTcpServer, type Socket, type Server as TcpServer } from 'node:net';
import { setImmediate as immediate } from 'node:timers/promises';
import {
  Server,
  ServerCredentials,
  ServerInterceptingCall,
  type ServerInterceptor,
} from '@grpc/grpc-js';
import { messageOf, NovaError } from '@nova/errors';
import type { Part, Readiness } from '@nova/lifecycle';
import type { DescFile } from '@nova/proto/runtime';
import { counter, type GaugeMetric, gauge, type Logger, metricNames } from '@nova/telemetry';
import { sleep } from '@nova/time';
import { Admission } from './admission.ts';
import { Door } from './door.ts';
import { errors } from './errors.ts';
import { healthService } from './health.ts';
import type { IdentitySource } from './identity.ts';
import type { ServedMethod, ServiceImplementation } from './implement.ts';
import { defaultLimits, type Limits } from './limits.ts';
import type { RateLimiter } from './rate-limit.ts';
import { beforeLibrary } from './raw-headers.ts';
import { reflectionServices } from './reflection.ts';
import { type CallHost, ServerCall } from './server-call.ts';
import { createTlsServer, type ServerTls } from './server-tls.ts';

/** What a server is made of. */
export interface ServerOptions {
  readonly services: readonly ServiceImplementation[];
  readonly logger: Logger;
  /** Drives the health service. */
  readonly readiness: Readiness;
  /** Who tells who is calling; `identityFor` chooses it by mode. */
  readonly identity: IdentitySource;
  /** Port 0 takes a free one. */
  readonly address: { readonly host: string; readonly port: number };
  /** Whether anybody may ask for the descriptors. Default: yes. */
  readonly reflection?: boolean;
  /** Files that reflection knows besides those of the services: payloads, for one. */
  readonly alsoDescribe?: readonly DescFile[];
  readonly limits?: Partial<Limits>;
  /** How often one caller may call; without it as often as it likes. */
  readonly rates?: RateLimiter | undefined;
  /** Certificates; without them the server speaks plaintext. */
  readonly tls?: ServerTls | undefined;
}

/** A gRPC server as a part of a process. */
export interface RpcServer extends Part {
  /** `host:port`; the port that was taken, once started. */
  readonly address: string;
}

const FORCE_AFTER_MS = 250;

const rejectedConnections = counter(
  metricNames.rpcRejectedConnections,
  'Connections refused because there were too many',
);

/**
 * A gRPC server with health and reflection. `stop` turns health to NOT_SERVING, takes no new
 * connections and calls, ends streams with UNAVAILABLE, lets unary calls finish, and after
 * `drainMs` ends what is left.
 *
 * `start` throws RPC_LISTEN_FAILED when the port cannot be had.
 */
export function createServer(options: ServerOptions): RpcServer {
  return new GrpcServer(options);
}

class GrpcServer implements RpcServer {
  readonly name = 'rpc';
  readonly #options: ServerOptions;
  readonly #limits: Limits;
  #port: number;
  #running: { stop(): Promise<void> } | undefined;

  constructor(options: ServerOptions) {
    this.#options = options;
    this.#limits = { ...defaultLimits, ...options.limits };
    this.#port = options.address.port;
  }

  get address(): string {
    return `${this.#options.address.host}:${this.#port}`;
  }

  async start(): Promise<void> {
    if (this.#running !== undefined) return;
    const { services, logger, readiness, identity, address, alsoDescribe, tls } = this.#options;
    let draining = false;
    const health = healthService(
      readiness,
      services.map(({ service }) => service.typeName),
    );
    const all = [...services, health.implementation];
    if (this.#options.reflection ?? true) all.push(...reflectionServices(all, alsoDescribe));
    const methods = methodsByPath(all);
    const shared = {
      logger,
      identity,
      limits: this.#limits,
      admission: new Admission(this.#limits, this.#options.rates),
      draining: () => draining,
    };
    const host: CallHost = { ...shared, calls: new Set(), door: new Door(shared, methods) };
    const server = grpcServer(host, methods, this.#limits);
    const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
    beforeLibrary(server, (stream) => host.door.refuses(stream));
    const inject = (socket: Socket) => {
      if (!socket.destroyed) injector.injectConnection(socket);
    };
    const tcp =
      tls === undefined
        ? createTcpServer({ noDelay: true }, inject)
        : createTlsServer(tls, logger).on('secureConnection', inject);
    tcp.maxConnections = this.#limits.connections;
    tcp.on('drop', () => rejectedConnections.add(1));
    this.#port = await listen(tcp, address.host, address.port);
    // Such as having no file handles left: those who are connected go on.
    tcp.on('error', (err) =>
      logger.error({ component: 'rpc', err }, 'a connection failed to open'),
    );
    const inFlight = countCalls(host);
    logger.info({ component: 'rpc', address: this.address, count: services.length }, 'rpc listens');
    this.#running = {
      stop: async () => {
        draining = true;
        health.drain();
        const closed = new Promise<void>((resolve) => tcp.close(() => resolve()));
        // Watchers of the health service are told before their streams end.
        await immediate();
        for (const call of host.calls) call.drain();
        await shutDown(server, closed, host, this.#limits.drainMs);
        inFlight.remove();
      },
    };
  }

  async stop(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    await running?.stop();
  }
}

function methodsByPath(
  services: readonly ServiceImplementation[],
): ReadonlyMap<string, ServedMethod> {
  const methods = services.flatMap((service) => service.methods);
  return new Map(methods.map((method) => [`/${method.fullName}`, method]));
}

function grpcServer(
  host: CallHost,
  methods: ReadonlyMap<string, ServedMethod>,
  limits: Limits,
): Server {
  const interceptor: ServerInterceptor = ({ path }, base) => {
    const method = methods.get(path);
    return new ServerInterceptingCall(base, {
      // The library's own handling never starts: the call is ours from here on.
      start: (next) => (method === undefined ? next() : new ServerCall(host, method, base).serve()),
    });
  };
  const server = new Server({
    interceptors: [interceptor],
    'grpc.max_receive_message_length': limits.messageBytes,
    'grpc.max_send_message_length': limits.messageBytes,
    'grpc.max_concurrent_streams': limits.streamsPerConnection,
    'grpc.max_connection_idle_ms': limits.connectionIdleMs,
    'grpc.max_connection_age_ms': limits.connectionAgeMs,
    'grpc.max_connection_age_grace_ms': limits.connectionGraceMs,
    'grpc.keepalive_time_ms': limits.keepaliveMs,
    'grpc.keepalive_timeout_ms': limits.keepaliveAnswerMs,
    'grpc.enable_channelz': 0,
  });
  for (const path of methods.keys()) server.register(path, () => {}, raw, raw, 'unary');
  return server;
}

// Messages stay bytes as far as the library is concerned.
function raw(bytes: Buffer): Buffer {
  return bytes;
}

async function listen(tcp: TcpServer, host: string, port: number): Promise<number> {
  try {
    tcp.listen({ host, port });
    await once(tcp, 'listening');
  } catch (thrown) {
    throw new NovaError(
      errors.RPC_LISTEN_FAILED,
      { address: `${host}:${port}`, problem: messageOf(thrown) },
      { cause: thrown },
    );
  }
  const bound = tcp.address();
  return typeof bound === 'object' && bound !== null ? bound.port : port;
}

function countCalls(host: CallHost): GaugeMetric {
  return gauge(metricNames.rpcInFlight, 'Calls in work', () => [{ value: host.calls.size }]);
}

// Not the library's own callback: with Node 24 it comes before the calls in work are done.
async function shutDown(
  server: Server,
  closed: Promise<void>,
  host: CallHost,
  drainMs: number,
): Promise<void> {
  server.tryShutdown(() => {});
  await within(closed, drainMs);
  for (const call of host.calls) call.giveUp();
  await within(closed, FORCE_AFTER_MS);
  server.forceShutdown();
}

async function within(work: Promise<void>, ms: number): Promise<void> {
  const over = new AbortController();
  await Promise.race([work, sleep(ms, over.signal)]);
  over.abort();
}
