import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { EventLog, ReadLogResponseSchema } from '@nova/proto/gen/events/event_log_pb';
import { fromBinary } from '@nova/proto/runtime';
import { type Call, type Client, createClient, RpcError } from './index.ts';
import { type ExampleServer, logService, startExample } from './spec/example-server.ts';
import { until } from './spec/until.ts';
import { answerOf, frame, messagesOf, rawConnection } from './testing/raw-call.ts';

jest.setTimeout(30_000);

let example: ExampleServer;
let client: Client<typeof EventLog>;

async function serving(
  readLog: (call: Call) => AsyncIterable<{ scanned: string }>,
  limits = {},
): Promise<void> {
  example = await startExample([logService((_, call) => readLog(call))], { limits });
  client = createClient(EventLog, { address: example.address, deadlineMs: 5000 });
}

async function collect(stream: AsyncIterable<{ scanned: string }>) {
  const scanned: string[] = [];
  try {
    for await (const message of stream) scanned.push(message.scanned);
    return { scanned, failure: undefined };
  } catch (thrown) {
    return { scanned, failure: thrown instanceof RpcError ? thrown : undefined };
  }
}

afterEach(async () => {
  client.close();
  await example.stop();
});

describe('a stream of answers', () => {
  it('arrives whole and in order', async () => {
    await serving(async function* () {
      for (let n = 0; n < 1000; n += 1) yield { scanned: String(n) };
    });
    const { scanned, failure } = await collect(client.readLog({}));
    expect(scanned).toEqual(Array.from({ length: 1000 }, (_, n) => String(n)));
    expect(failure).toBeUndefined();
  });

  it('that ends without any is no failure', async () => {
    await serving(async function* () {});
    expect(await collect(client.readLog({}))).toEqual({ scanned: [], failure: undefined });
  });

  it('that breaks in the middle delivers what came before, then INTERNAL', async () => {
    await serving(async function* () {
      yield { scanned: '1' };
      throw new Error('secret');
    });
    const { scanned, failure } = await collect(client.readLog({}));
    expect(scanned).toEqual(['1']);
    expect(failure).toMatchObject({ status: 'INTERNAL', reason: 'INTERNAL_BUG' });
    expect(failure?.message).not.toContain('secret');
  });

  it('stops its method, finally blocks included, when the caller leaves early', async () => {
    let finished = 0;
    await serving(async function* ({ signal }) {
      try {
        for (let n = 0; !signal.aborted; n += 1) yield { scanned: String(n) };
      } finally {
        finished += 1;
      }
    });
    for await (const { scanned } of client.readLog({})) if (scanned === '10') break;
    await until(() => finished === 1);
  });

  it('stops a method that waits for nothing but its signal', async () => {
    let reason: unknown;
    await serving(async function* ({ signal }) {
      yield { scanned: 'first' };
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      reason = signal.reason;
    });
    const leaving = new AbortController();
    const { scanned, failure } = await collect(
      (async function* () {
        for await (const message of client.readLog({}, { signal: leaving.signal })) {
          yield message;
          leaving.abort();
        }
      })(),
    );
    expect(scanned).toEqual(['first']);
    expect(failure).toMatchObject({ status: 'CANCELLED' });
    await until(() => reason !== undefined);
    expect(reason).toMatchObject({ code: 'NOVA_RPC_CANCELLED' });
  });

  it('has no deadline but the one of its caller', async () => {
    const remaining: number[] = [];
    await serving(
      async function* (call) {
        remaining.push(call.remainingMs());
        yield { scanned: 'x' };
        await new Promise<void>((resolve) =>
          call.signal.addEventListener('abort', () => resolve()),
        );
      },
      { deadlineMs: 1 },
    );
    const { scanned, failure } = await collect(client.readLog({}, { deadlineMs: 200 }));
    expect(scanned).toEqual(['x']);
    expect(failure).toMatchObject({ status: 'DEADLINE_EXCEEDED' });
    for await (const _ of client.readLog({})) break;
    expect(remaining[1]).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('a caller that does not read', () => {
  const CHUNK = 64 * 1024;

  it('holds the method back: what waits is bounded', async () => {
    let yielded = 0;
    await serving(async function* ({ signal }) {
      while (!signal.aborted) {
        yielded += 1;
        yield { scanned: 'x'.repeat(CHUNK) };
      }
    });
    const raw = await rawConnection(example.port);
    const stream = raw.open({ ':path': '/events.EventLog/ReadLog' });
    stream.end(frame(Buffer.alloc(0)));
    await until(() => yielded > 1);
    // Held back means: many turns of the event loop later it is still the same number.
    let before = -1;
    await until(async () => {
      const still = before === yielded;
      before = yielded;
      for (let turn = 0; turn < 200; turn += 1) await new Promise(setImmediate);
      return still && before === yielded;
    });
    expect(yielded * CHUNK).toBeLessThan(4 * 1024 * 1024);
    raw.close();
  });

  it('holds it back by number too, where the answers are small', async () => {
    let yielded = 0;
    await serving(async function* ({ signal }) {
      for (; !signal.aborted; yielded += 1) yield { scanned: 'x' };
    });
    const raw = await rawConnection(example.port);
    raw.open({ ':path': '/events.EventLog/ReadLog' }).end(frame(Buffer.alloc(0)));
    await until(() => yielded > 1);
    for (let turn = 0; turn < 500; turn += 1) await new Promise(setImmediate);
    // The window of HTTP/2 takes 64 KiB, some 8,000 of these; the rest is ours.
    expect(yielded).toBeLessThan(12_000);
    raw.close();
  });

  it('goes on where it stopped once the caller reads again, losing nothing', async () => {
    await serving(async function* () {
      for (let n = 0; n < 100; n += 1) yield { scanned: `${n}:${'x'.repeat(CHUNK)}` };
    });
    const raw = await rawConnection(example.port);
    const stream = raw.open({ ':path': '/events.EventLog/ReadLog' });
    stream.end(frame(Buffer.alloc(0)));
    for (let turn = 0; turn < 500; turn += 1) await new Promise(setImmediate);
    const answer = await answerOf(stream);
    const numbers = messagesOf(answer.body).map(
      (bytes) => fromBinary(ReadLogResponseSchema, bytes).scanned.split(':')[0],
    );
    expect(numbers).toEqual(Array.from({ length: 100 }, (_, n) => String(n)));
    expect(answer.grpcStatus).toBe(0);
    raw.close();
  });

  it('is given up after a while, and its stream is closed', async () => {
    let ended: unknown;
    await serving(
      async function* ({ signal }) {
        try {
          while (!signal.aborted) yield { scanned: 'x'.repeat(CHUNK) };
        } finally {
          ended = signal.reason;
        }
      },
      { unreadMs: 100 },
    );
    const raw = await rawConnection(example.port);
    const stream = raw.open({ ':path': '/events.EventLog/ReadLog' });
    stream.end(frame(Buffer.alloc(0)));
    await until(() => ended !== undefined);
    expect(ended).toMatchObject({ code: 'NOVA_RPC_READER_TOO_SLOW' });
    await until(() => stream.closed);
    raw.close();
  });
});
