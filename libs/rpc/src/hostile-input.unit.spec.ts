import { once } from 'node:events';
import { connect as connectHttp2, constants } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { PublishEventRequestSchema } from '@nova/proto/gen/events/events_service_pb';
import { create, toBinary } from '@nova/proto/runtime';
import { stopwatch } from '@nova/testkit';
import { decodeDetails } from './error-details.ts';
import { type ExampleServer, eventsService, startExample } from './spec/example-server.ts';
import { until } from './spec/until.ts';
import { answerOf, frame, type RawConnection, rawConnection } from './testing/raw-call.ts';

const PATH = '/events.EventsService/PublishEvent';
const GRPC = {
  OK: 0,
  CANCELLED: 1,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  RESOURCE_EXHAUSTED: 8,
  UNIMPLEMENTED: 12,
  UNAUTHENTICATED: 16,
};

// Several of these move megabytes through one process.
jest.setTimeout(30_000);

let example: ExampleServer;
let raw: RawConnection;
let called: number;

async function serve(limits = {}) {
  called = 0;
  example = await startExample(
    [
      eventsService({
        async publishEvent() {
          called += 1;
          return {};
        },
      }),
    ],
    { limits },
  );
  raw = await rawConnection(example.port);
}

beforeEach(() => serve());
afterEach(async () => {
  // Whatever came in: the server answers the next good call.
  await until(async () => {
    const good = await rawConnection(example.port);
    const { grpcStatus } = await good.call(PATH, frame(valid()));
    good.close();
    return grpcStatus === GRPC.OK;
  });
  raw.close();
  await example.stop();
  expect(example.logged().filter(({ level }) => level === 'error')).toEqual([]);
});

function valid(payload: Record<string, string> = {}): Uint8Array {
  return toBinary(
    PublishEventRequestSchema,
    create(PublishEventRequestSchema, { eventType: 'message_created', payload }),
  );
}

// A Struct by hand: field 4 of the request, each level one entry "k" with a Value.
function nested(depth: number): Uint8Array {
  const field = (number: number, bytes: Uint8Array) => {
    const length: number[] = [];
    let rest = bytes.length;
    for (; rest > 127; rest = Math.floor(rest / 128)) length.push((rest % 128) | 128);
    length.push(rest);
    return Buffer.concat([Buffer.from([(number << 3) | 2, ...length]), bytes]);
  };
  // A Value that is null.
  let value: Uint8Array = Buffer.from([0x08, 0]);
  for (let level = 0; level < depth; level += 1) {
    const entry = Buffer.concat([field(1, Buffer.from('k')), field(2, value)]);
    value = level === depth - 1 ? field(1, entry) : field(5, field(1, entry));
  }
  return field(4, value);
}

describe('a request that cannot be decoded', () => {
  const bodies: Record<string, () => Uint8Array> = {
    'random bytes in a frame': () => frame(Buffer.from('deadbeefcafe0123456789abcdef', 'hex')),
    'text that is not UTF-8': () => frame(Buffer.from([0x0a, 0x03, 0xff, 0xfe, 0xfd])),
    'a message cut in the middle': () => frame(valid({ a: 'bcdefgh' }).subarray(0, 25)),
    'a Struct nested 60 deep': () => frame(nested(60)),
    'a frame that promises more than it brings': () => frame(valid()).subarray(0, 12),
    'half a frame head': () => Buffer.from([0, 0]),
    'no frame at all': () => Buffer.alloc(0),
    'two messages': () => Buffer.concat([frame(valid()), frame(valid())]),
    'bytes that are not compressed as they say': () => frame(Buffer.from('not gzip'), 1),
    'compressed bytes cut in the middle': () => frame(gzipSync(valid()).subarray(0, 15), 1),
  };

  it.each(Object.keys(bodies))('%s: INVALID_ARGUMENT, and no method is called', async (name) => {
    const answer = await raw.call(PATH, bodies[name]?.() ?? Buffer.alloc(0), {
      'grpc-encoding': 'gzip',
    });
    expect(answer).toMatchObject({ grpcStatus: GRPC.INVALID_ARGUMENT });
    expect(detailsOf(answer)).toMatchObject({ reason: 'RPC_UNDECODABLE' });
    expect(answer.headers['correlation-id']).toBeDefined();
    expect(called).toBe(0);
  });

  it('is told from one that can: a Struct nested 31 deep, gzip, an empty message', async () => {
    for (const body of [frame(nested(31)), frame(gzipSync(valid()), 1), frame(Buffer.alloc(0))]) {
      expect(await raw.call(PATH, body, { 'grpc-encoding': 'gzip' })).toMatchObject({
        grpcStatus: GRPC.OK,
      });
    }
  });

  it('with a timeout that is none: INVALID_ARGUMENT', async () => {
    const answer = await raw.call(PATH, frame(valid()), { 'grpc-timeout': 'soon' });
    expect(answer).toMatchObject({ grpcStatus: GRPC.INVALID_ARGUMENT });
  });

  it('in an encoding that nobody knows: UNIMPLEMENTED', async () => {
    const answer = await raw.call(PATH, frame(valid(), 1), { 'grpc-encoding': 'rot13' });
    expect(answer).toMatchObject({ grpcStatus: GRPC.UNIMPLEMENTED });
  });

  it('survives any mutation of a valid one', async () => {
    const original = frame(valid({ text: 'hello', more: 'world' }));
    let seed = 42;
    const random = (below: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      return seed % below;
    };
    const statuses = new Set<number | undefined>();
    for (let round = 0; round < 200; round += 1) {
      const body = Buffer.from(original);
      for (let flips = random(4) + 1; flips > 0; flips -= 1) {
        body[5 + random(body.length - 5)] = random(256);
      }
      statuses.add((await raw.call(PATH, body)).grpcStatus);
    }
    expect([...statuses].sort()).toEqual([GRPC.OK, GRPC.INVALID_ARGUMENT]);
  });
});

describe('too much', () => {
  it('a message of 5 MB: RESOURCE_EXHAUSTED', async () => {
    const answer = await raw.call(PATH, frame(valid({ text: 'x'.repeat(5_000_000) })));
    expect(answer).toMatchObject({ grpcStatus: GRPC.RESOURCE_EXHAUSTED });
    expect(detailsOf(answer)).toMatchObject({ reason: 'RPC_TOO_LARGE' });
  });

  it('a small message that unpacks to 64 MB: RESOURCE_EXHAUSTED', async () => {
    const bomb = gzipSync(Buffer.alloc(64_000_000));
    const answer = await raw.call(PATH, frame(bomb, 1), { 'grpc-encoding': 'gzip' });
    expect(answer).toMatchObject({ grpcStatus: GRPC.RESOURCE_EXHAUSTED });
  });

  it('50 kB of headers: RESOURCE_EXHAUSTED', async () => {
    const answer = await raw.call(PATH, frame(valid()), { 'x-big': 'x'.repeat(50_000) });
    expect(answer).toMatchObject({ grpcStatus: GRPC.RESOURCE_EXHAUSTED });
    expect(called).toBe(0);
  });

  it('200 kB of headers: HTTP/2 itself ends the connection, and nothing is called', async () => {
    const options = { maxSendHeaderBlockLength: 1_000_000 };
    const session = connectHttp2(`http://127.0.0.1:${example.port}`, options).on('error', () => {});
    const headers = { 'content-type': 'application/grpc', 'x-big': 'x'.repeat(200_000) };
    session.request({ ':method': 'POST', ':path': PATH, ...headers }).on('error', () => {});
    await until(() => session.destroyed);
    expect(called).toBe(0);
  });

  it('more streams on one connection than it may have: those beyond are refused', async () => {
    await example.stop();
    raw.close();
    await serve({ streamsPerConnection: 10 });
    // The settings of the server bound what a client opens at all.
    await until(() => raw.session.remoteSettings.maxConcurrentStreams === 10);
    const open = Array.from({ length: 30 }, () => raw.open({ ':path': PATH }));
    expect(raw.session.remoteSettings.maxConcurrentStreams).toBe(10);
    for (const stream of open) stream.destroy();
  });

  it('more connections than it may have: those beyond are closed', async () => {
    await example.stop();
    raw.close();
    await serve({ connections: 3 });
    const sockets = Array.from({ length: 8 }, () =>
      connectTcp({ port: example.port, host: '127.0.0.1' }).on('error', () => {}),
    );
    await until(() => sockets.filter((socket) => socket.closed).length === 6);
    for (const socket of sockets) socket.destroy();
    raw.close();
    await until(() => sockets.every((socket) => socket.closed));
  });
});

describe('what is not gRPC', () => {
  it('another content type: HTTP 415', async () => {
    const answer = await raw.call(PATH, frame(valid()), { 'content-type': 'application/json' });
    expect(answer.httpStatus).toBe(415);
  });

  it('a GET of a browser: HTTP 415', async () => {
    const stream = raw.open({ ':method': 'GET', ':path': PATH, 'content-type': 'text/html' });
    stream.end();
    expect((await answerOf(stream)).httpStatus).toBe(415);
    expect(called).toBe(0);
  });

  it.each(['/', '/events.EventsService/Nothing', '/no.Service/PublishEvent', '/a%20b/%00'])(
    'the path %s: UNIMPLEMENTED',
    async (path) => {
      expect(await raw.call(path, frame(valid()))).toMatchObject({
        grpcStatus: GRPC.UNIMPLEMENTED,
      });
    },
  );

  it('a path with characters beyond ASCII does not end the process', async () => {
    const answer = await raw.call('/events.EventsService/PublishÉvent', frame(valid()));
    expect(answer.grpcStatus === GRPC.OK).toBe(false);
  });

  it.each([
    'GET / HTTP/1.1\r\nhost: x\r\n\r\n',
    '\u0016\u0003\u0001\u0002\u0000',
    'PRI * HTTP/2.0\r\n',
  ])('bytes of another protocol: %j', async (text) => {
    const socket = connectTcp({ port: example.port, host: '127.0.0.1' });
    socket.on('error', () => {}).resume();
    await once(socket, 'connect');
    socket.write(text);
    socket.end();
    await once(socket, 'close');
  });
});

describe('callers that only hold on', () => {
  it('a request that drips in is cut off with DEADLINE_EXCEEDED', async () => {
    await example.stop();
    raw.close();
    await serve({ uploadMs: 150 });
    const stream = raw.open({ ':path': PATH });
    const body = frame(valid({ text: 'slow' }));
    let sent = 0;
    const drip = setInterval(() => {
      if (!stream.destroyed && sent < body.length - 1) stream.write(body.subarray(sent, sent + 1));
      sent += 1;
    }, 30);
    const watch = stopwatch();
    const answer = await answerOf(stream);
    clearInterval(drip);
    expect(answer).toMatchObject({ grpcStatus: GRPC.DEADLINE_EXCEEDED });
    expect(detailsOf(answer)).toMatchObject({ reason: 'RPC_UPLOAD_TOO_SLOW' });
    expect(watch.ms()).toBeLessThan(3000);
    expect(called).toBe(0);
  });

  it('a call without a body is cut off too, and its stream is closed', async () => {
    await example.stop();
    raw.close();
    await serve({ uploadMs: 100 });
    const answer = await answerOf(raw.open({ ':path': PATH }));
    expect(answer).toMatchObject({ grpcStatus: GRPC.DEADLINE_EXCEEDED });
  });

  it('a flood of streams that are reset at once leaves others alone', async () => {
    const flood = await rawConnection(example.port);
    for (let round = 0; round < 1200 && !flood.session.closed; round += 1) {
      const stream = flood.open({ ':path': PATH });
      stream.close(constants.NGHTTP2_CANCEL);
    }
    expect(await raw.call(PATH, frame(valid()))).toMatchObject({ grpcStatus: GRPC.OK });
    flood.close();
  });
});

function detailsOf(answer: { headers: Readonly<Record<string, unknown>> }) {
  const encoded = answer.headers['grpc-status-details-bin'];
  return decodeDetails(Buffer.from(String(encoded), 'base64'));
}
