import { status as grpcStatus } from '@grpc/grpc-js';
import type { DescMethod, DescService } from '@nova/proto/runtime';
import fc from 'fast-check';
import { encoded, type Fields, messageArbitrary } from './message-arbitrary.ts';
import { frame, type RawConnection, rawConnection } from './raw-call.ts';

/** What is thrown at a server. */
export interface FuzzOptions {
  readonly port: number;
  readonly services: readonly DescService[];
  /** Good requests by full name of the method (`events.EventsService/PublishEvent`). */
  readonly good?: Readonly<Record<string, readonly Fields[]>>;
  /** Sent with every request, where a request has none of its own of that name. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Texts that mean something to the server. */
  readonly words: readonly string[];
  readonly requests: number;
  /** Ends sooner after this time, but not before `atLeast` requests (0 by default). */
  readonly withinMs: number;
  readonly atLeast?: number;
  /** The same seed makes the same requests, in the same order. */
  readonly seed: number;
}

/** What came of it. */
export interface FuzzReport {
  readonly seed: number;
  readonly sent: number;
  /** Answers by status; NONE = the stream ended without one. */
  readonly statuses: Readonly<Record<string, number>>;
  /** A method and its message for each status. */
  readonly examples: Readonly<Record<string, string>>;
  /** Methods that answered OK at least once: the fuzzer got past their checks. */
  readonly answered: readonly string[];
  /** The first requests that were not answered as they must be. */
  readonly bad: readonly FuzzFinding[];
}

/** A request that was answered with INTERNAL, UNKNOWN or not at all. */
export interface FuzzFinding {
  readonly method: string;
  readonly status: string;
  readonly message: string;
  /** The request, so that it can be sent again. */
  readonly bytes: string;
  readonly headers: Readonly<Record<string, string>>;
}

interface FuzzRequest {
  readonly method: DescMethod;
  readonly bytes: Buffer;
  readonly headers: Record<string, string>;
}

const BATCH = 100;
const CONNECTIONS = 4;
const AT_ONCE = 64;
const MOST_FINDINGS = 20;
const NEVER = new Set(['INTERNAL', 'UNKNOWN', 'DATA_LOSS', 'NONE']);
/** Streams that may go on for ever end here, other calls only when they hang. */
const TIMEOUT = { stream: '200m', unary: '10S' };

/**
 * Sends requests made from the descriptors: good ones changed, any that the types allow, bytes
 * changed, random bytes, now and then with odd headers. A server must answer each of them with a
 * status that is neither INTERNAL nor UNKNOWN, and live.
 */
export async function fuzz(options: FuzzOptions): Promise<FuzzReport> {
  const statuses: Record<string, number> = {};
  const examples: Record<string, string> = {};
  const answered = new Set<string>();
  const bad: FuzzFinding[] = [];
  const { withinMs, atLeast = 0 } = options;
  const endsAt = performance.now() + withinMs;
  let sent = 0;
  const connections = await Promise.all(
    Array.from({ length: CONNECTIONS }, () => connection(options.port)),
  );
  const judge = (request: FuzzRequest, status: string, message: string) => {
    const method = `${request.method.parent.typeName}/${request.method.name}`;
    statuses[status] = (statuses[status] ?? 0) + 1;
    examples[status] ??= `${method}: ${message}`;
    if (status === 'OK') answered.add(method);
    if (!NEVER.has(status) || bad.length >= MOST_FINDINGS) return;
    const bytes = request.bytes.toString('hex').slice(0, 2000);
    bad.push({ method, status, message, bytes, headers: request.headers });
  };
  const waiting = requestsOf(options);
  // Each takes the next when its own is answered: some calls wait on purpose.
  const worker = async (_: unknown, at: number) => {
    for (const request of waiting) {
      sent += 1;
      const answer = await connections[at % CONNECTIONS]?.send(request);
      judge(request, answer?.status ?? 'NONE', answer?.message ?? '');
      if (performance.now() > endsAt && sent >= atLeast) return;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  for (const one of connections) one.close();
  return { seed: options.seed, sent, statuses, examples, answered: [...answered].sort(), bad };
}

function* requestsOf(options: FuzzOptions): Generator<FuzzRequest> {
  // First the good ones as they are: what is changed afterwards then finds something to work on.
  yield* goodRequests(options);
  const made = requestArbitrary(options);
  for (let from = 0; from < options.requests; from += BATCH) {
    const numRuns = Math.min(BATCH, options.requests - from);
    yield* fc.sample(made, { numRuns, seed: options.seed + from });
  }
}

function goodRequests({ services, good = {}, headers = {} }: FuzzOptions): FuzzRequest[] {
  return services.flatMap(({ methods }) =>
    methods.flatMap((method) =>
      (good[`${method.parent.typeName}/${method.name}`] ?? []).map((fields) => ({
        method,
        bytes: encoded(method.input, fields) ?? Buffer.alloc(0),
        // Time enough for a server that has just begun.
        headers: { 'grpc-timeout': '3S', ...headers },
      })),
    ),
  );
}

/** A connection that is made again when the server has closed it, as it may. */
async function connection(port: number) {
  let raw: RawConnection | undefined;
  let opening: Promise<RawConnection> | undefined;
  const usable = async () => {
    if (raw !== undefined && !raw.session.closed && !raw.session.destroyed) return raw;
    opening ??= rawConnection(port).finally(() => {
      opening = undefined;
    });
    raw = await opening;
    return raw;
  };
  await usable();
  return {
    async send({ method, bytes, headers }: FuzzRequest) {
      const path = `/${method.parent.typeName}/${method.name}`;
      try {
        const answer = await (await usable()).call(path, frame(bytes), headers);
        const code = answer.grpcStatus;
        if (code === undefined) {
          const { httpStatus, resetCode } = answer;
          return { status: 'NONE', message: `HTTP ${httpStatus}, stream closed with ${resetCode}` };
        }
        return { status: grpcStatus[code] ?? 'UNKNOWN', message: answer.grpcMessage };
      } catch (thrown) {
        return { status: 'NONE', message: String(thrown) };
      }
    },
    close: () => raw?.close(),
  };
}

function requestArbitrary(options: FuzzOptions): fc.Arbitrary<FuzzRequest> {
  const { services, good = {}, words } = options;
  const methods = services.flatMap((service) => service.methods);
  return fc.oneof(
    ...methods.map((method) => {
      const samples = good[`${method.parent.typeName}/${method.name}`] ?? [];
      return fc.tuple(bytesArbitrary(method, samples, words), headersArbitrary).map(
        ([bytes, odd]): FuzzRequest => ({
          method,
          bytes,
          headers: {
            'grpc-timeout': method.methodKind === 'unary' ? TIMEOUT.unary : TIMEOUT.stream,
            ...options.headers,
            ...odd,
          },
        }),
      );
    }),
  );
}

/** Ways to make a request, more often the ones that get further into the server. */
function bytesArbitrary(
  method: DescMethod,
  samples: readonly Fields[],
  words: readonly string[],
): fc.Arbitrary<Buffer> {
  const { input } = method;
  const any = messageArbitrary(input, words);
  const sample: fc.Arbitrary<Fields> = samples.length === 0 ? any : fc.constantFrom(...samples);
  const changed = fc
    .tuple(sample, any, fc.nat())
    .map(([usual, odd, pick]) => withOneFieldOf(usual, odd, pick));
  const bytes = fc.oneof(
    { weight: 3, arbitrary: changed },
    { weight: 2, arbitrary: any },
    { weight: 1, arbitrary: sample },
  );
  const wellFormed = bytes.map((fields) => encoded(input, fields) ?? Buffer.alloc(0));
  return fc.oneof(
    { weight: 6, arbitrary: wellFormed },
    { weight: 3, arbitrary: fc.tuple(wellFormed, mutations).map(([of, how]) => mutated(of, how)) },
    {
      weight: 1,
      arbitrary: fc.uint8Array({ maxLength: 200 }).map((random) => Buffer.from(random)),
    },
  );
}

function withOneFieldOf(usual: Fields, odd: Fields, pick: number): Fields {
  const names = Object.keys(odd);
  const name = names[pick % Math.max(1, names.length)];
  return name === undefined ? usual : { ...usual, [name]: odd[name] };
}

interface Mutation {
  readonly kind: 'set' | 'cut' | 'repeat' | 'insert';
  readonly at: number;
  readonly value: number;
}

const mutations: fc.Arbitrary<readonly Mutation[]> = fc.array(
  fc.record({
    kind: fc.constantFrom('set', 'set', 'set', 'cut', 'repeat', 'insert'),
    at: fc.nat(),
    value: fc.integer({ min: 0, max: 255 }),
  }),
  { minLength: 1, maxLength: 4 },
);

function mutated(bytes: Buffer, how: readonly Mutation[]): Buffer {
  let result = Buffer.from(bytes);
  for (const { kind, at, value } of how) {
    const place = at % (result.length + 1);
    const [before, after] = [result.subarray(0, place), result.subarray(place)];
    if (kind === 'cut') result = Buffer.from(before);
    else if (kind === 'repeat') result = Buffer.concat([before, after, after]);
    else if (kind === 'insert') result = Buffer.concat([before, Buffer.from([value]), after]);
    else if (place < result.length) result.writeUInt8(value, place);
  }
  return result;
}

const headersArbitrary: fc.Arbitrary<Record<string, string>> = fc.oneof(
  { weight: 15, arbitrary: fc.constant({}) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Record<string, string>>(
      { 'correlation-id': 'a b' },
      { 'correlation-id': 'x'.repeat(500) },
      { traceparent: '00-zz-zz-01' },
      { tracestate: 'a=b,'.repeat(40) },
      { 'x-user-id': 'me' },
      { 'x-nova-roles': 'root' },
      { 'x-nova-service': '../x' },
      { authorization: 'Bearer x' },
      { 'grpc-timeout': 'soon' },
      { 'grpc-timeout': '1n' },
      { 'grpc-encoding': 'rot13' },
      { 'x-some-bin': 'not base64!' },
    ),
  },
);
