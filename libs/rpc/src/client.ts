import {
  type ClientReadableStream,
  credentials,
  Client as GrpcClient,
  Metadata,
} from '@grpc/grpc-js';
import {
  create,
  type DescMessage,
  type DescMethod,
  type DescService,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@nova/proto/runtime';
import { currentTraceContext, spanAttributes, withSpan } from '@nova/telemetry';
import { exchange } from './client-bidi.ts';
import { CORRELATION_HEADER } from './correlation.ts';
import type { ClientCredentials } from './credentials.ts';
import type { MessageFields } from './implement.ts';
import { defaultLimits } from './limits.ts';
import { rpcErrorFrom } from './rpc-error.ts';

/** How one call differs from the client's defaults. */
export interface CallOptions {
  /** Replaces the client's deadline; streams have none unless it is given here. */
  readonly deadlineMs?: number;
  /** Cancels the call. */
  readonly signal?: AbortSignal;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly correlationId?: string;
  /** Waits for a connection until the deadline instead of failing at once. */
  readonly waitForReady?: boolean;
}

type ClientMethod<M> = M extends {
  readonly methodKind: infer Kind;
  readonly input: infer I extends DescMessage;
  readonly output: infer O extends DescMessage;
}
  ? Kind extends 'unary'
    ? (request: MessageInitShape<I>, options?: CallOptions) => Promise<MessageShape<O>>
    : Kind extends 'server_streaming'
      ? (request: MessageInitShape<I>, options?: CallOptions) => AsyncIterable<MessageShape<O>>
      : Kind extends 'bidi_streaming'
        ? (
            requests: AsyncIterable<MessageInitShape<I>>,
            options?: CallOptions,
          ) => AsyncIterable<MessageShape<O>>
        : never
  : never;

/** The methods of a service by their local names; none that only streams requests has a user. */
export type ClientMethods<S extends DescService> = {
  readonly [Name in keyof S['method']]: ClientMethod<S['method'][Name]>;
};

/** A client; all its calls share one connection that is made when needed and mended. */
export type Client<S extends DescService> = ClientMethods<S> & {
  /** Ends the connection; calls in work are cancelled. */
  close(): void;
};

/** How a client reaches its server. */
export interface ClientOptions {
  /** `host:port` */
  readonly address: string;
  /** Deadline of unary calls. */
  readonly deadlineMs: number;
  /** Headers of every call. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** What proves who calls, and whether the connection is encrypted. Default: nothing, and no. */
  readonly credentials?: ClientCredentials | undefined;
}

const RECONNECT = { firstMs: 100, mostMs: 2000 };

/**
 * A typed client. Calls fail with RpcError and nothing else. A lost connection is made again with
 * pauses up to 2 s; calls meanwhile fail with UNAVAILABLE unless they wait for it.
 */
export function createClient<S extends DescService>(service: S, options: ClientOptions): Client<S> {
  const channel = new GrpcClient(options.address, channelCredentials(options.credentials), {
    'grpc.max_receive_message_length': defaultLimits.messageBytes,
    'grpc.max_send_message_length': defaultLimits.messageBytes,
    'grpc.initial_reconnect_backoff_ms': RECONNECT.firstMs,
    'grpc.max_reconnect_backoff_ms': RECONNECT.mostMs,
    'grpc.keepalive_time_ms': defaultLimits.keepaliveMs,
    'grpc.keepalive_timeout_ms': defaultLimits.keepaliveAnswerMs,
    // Each client has a connection of its own: the calls on one connection are limited.
    'grpc.use_local_subchannel_pool': 1,
    // Services are reached directly; a proxy of the environment is for the outside world.
    'grpc.enable_http_proxy': 0,
    'grpc.enable_channelz': 0,
  });
  const methods: Record<string, unknown> = { close: () => channel.close() };
  for (const method of service.methods) {
    methods[method.localName] = clientMethod(channel, method, options);
  }
  // One function per method, of the kind that ClientMethod derives from its descriptor.
  return methods as Client<S>;
}

function channelCredentials(given: ClientCredentials | undefined) {
  const tls = given?.tls;
  if (tls === undefined) return credentials.createInsecure();
  const bytes = (pem: string | undefined) => (pem === undefined ? null : Buffer.from(pem));
  return credentials.createSsl(bytes(tls.ca), bytes(tls.key), bytes(tls.cert));
}

function clientMethod(channel: GrpcClient, method: DescMethod, client: ClientOptions): unknown {
  const path = `${method.parent.typeName}/${method.name}`;
  switch (method.methodKind) {
    case 'unary':
      return (request: MessageFields, options: CallOptions = {}) =>
        callUnary(
          channel,
          method,
          path,
          request,
          { deadlineMs: client.deadlineMs, ...options },
          client,
        );
    case 'server_streaming':
      return (request: MessageFields, options: CallOptions = {}) =>
        callStream(channel, method, path, request, options, client);
    case 'bidi_streaming':
      return (requests: AsyncIterable<MessageFields>, options: CallOptions = {}) =>
        callBidi(channel, method, path, requests, options, client);
    // Has no user yet.
    case 'client_streaming':
      return undefined;
  }
}

function callUnary(
  channel: GrpcClient,
  method: DescMethod,
  path: string,
  request: MessageFields,
  options: CallOptions,
  client: ClientOptions,
): Promise<unknown> {
  return withSpan(path, clientSpan(method), async () => {
    try {
      return await new Promise((resolve, reject) => {
        const call = channel.makeUnaryRequest(
          `/${path}`,
          serialize(method),
          deserialize(method),
          request,
          headersFor(client, options),
          grpcOptions(options),
          (failed, response) => (failed === null ? resolve(response) : reject(failed)),
        );
        cancelWith(options.signal, call);
      });
    } catch (thrown) {
      throw rpcErrorFrom(thrown, path);
    }
  });
}

async function* callStream(
  channel: GrpcClient,
  method: DescMethod,
  path: string,
  request: MessageFields,
  options: CallOptions,
  client: ClientOptions,
): AsyncIterable<unknown> {
  const call: ClientReadableStream<unknown> = channel.makeServerStreamRequest(
    `/${path}`,
    serialize(method),
    deserialize(method),
    request,
    headersFor(client, options),
    grpcOptions(options),
  );
  cancelWith(options.signal, call);
  try {
    yield* call;
  } catch (thrown) {
    throw rpcErrorFrom(thrown, path);
  } finally {
    // Also when the reader leaves early: the server must not go on for nobody.
    call.cancel();
  }
}

async function* callBidi(
  channel: GrpcClient,
  method: DescMethod,
  path: string,
  requests: AsyncIterable<MessageFields>,
  options: CallOptions,
  client: ClientOptions,
): AsyncIterable<unknown> {
  const call = channel.makeBidiStreamRequest(
    `/${path}`,
    serialize(method),
    deserialize(method),
    headersFor(client, options),
    grpcOptions(options),
  );
  cancelWith(options.signal, call);
  try {
    yield* exchange(call, requests);
  } catch (thrown) {
    throw rpcErrorFrom(thrown, path);
  }
}

function clientSpan(method: DescMethod) {
  return {
    kind: 'client',
    attributes: {
      [spanAttributes.rpcSystem]: 'grpc',
      [spanAttributes.rpcService]: method.parent.typeName,
      [spanAttributes.rpcMethod]: method.name,
    },
  } as const;
}

function headersFor(client: ClientOptions, options: CallOptions): Metadata {
  const headers = new Metadata({ waitForReady: options.waitForReady ?? false });
  const given = {
    ...client.metadata,
    ...client.credentials?.headers(),
    ...options.metadata,
    ...currentTraceContext(),
  };
  for (const [name, value] of Object.entries(given)) headers.set(name, value);
  if (options.correlationId !== undefined) headers.set(CORRELATION_HEADER, options.correlationId);
  return headers;
}

function grpcOptions({ deadlineMs }: CallOptions): { deadline?: number } {
  return deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs };
}

function cancelWith(
  signal: AbortSignal | undefined,
  call: { cancel(): void; once: GrpcOnce },
): void {
  if (signal === undefined) return;
  const cancel = () => call.cancel();
  if (signal.aborted) cancel();
  signal.addEventListener('abort', cancel, { once: true });
  call.once('status', () => signal.removeEventListener('abort', cancel));
}

type GrpcOnce = (event: 'status', listener: () => void) => unknown;

function serialize(method: DescMethod): (request: MessageFields) => Buffer {
  return (request) => Buffer.from(toBinary(method.input, create(method.input, request)));
}

function deserialize(method: DescMethod): (bytes: Buffer) => unknown {
  return (bytes) => fromBinary(method.output, bytes);
}
