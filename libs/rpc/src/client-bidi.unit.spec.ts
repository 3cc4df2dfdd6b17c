import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { EventsService } from '@nova/proto/gen/events/events_service_pb';
import { sleep } from '@nova/time';
import { type Call, type Client, createClient, type Methods } from './index.ts';
import { type ExampleServer, eventsService, startExample } from './spec/example-server.ts';
import { until } from './spec/until.ts';
import { answerOf, frame, rawConnection } from './testing/raw-call.ts';

jest.setTimeout(30_000);

type PublishStream = Methods<typeof EventsService>['publishStream'];

let example: ExampleServer;
let client: Client<typeof EventsService>;

async function serving(publishStream: PublishStream): Promise<void> {
  example = await startExample([eventsService({ publishStream })]);
  client = createClient(EventsService, { address: example.address, deadlineMs: 5000 });
}

afterEach(async () => {
  client.close();
  await example.stop();
});

async function* numbered(count: number, text = '') {
  for (let n = 0; n < count; n += 1) {
    yield { requestId: String(n), event: { eventType: text } };
    await Promise.resolve();
  }
}

const echo: PublishStream = async function* (requests) {
  for await (const { requestId } of requests) yield { requestId };
};

/** What came until the end, and how it ended. */
async function collect(answers: AsyncIterable<{ readonly requestId: string }>) {
  const ids: string[] = [];
  try {
    for await (const { requestId } of answers) ids.push(requestId);
    return { ids, failure: undefined };
  } catch (failure) {
    return { ids, failure };
  }
}

describe('a call that streams both ways', () => {
  it('carries every request and every answer, in order', async () => {
    await serving(echo);
    const { ids, failure } = await collect(client.publishStream(numbered(1000)));
    expect(ids).toEqual(Array.from({ length: 1000 }, (_, n) => String(n)));
    expect(failure).toBeUndefined();
  });

  it('answers before the requests end', async () => {
    await serving(echo);
    const first = Promise.withResolvers<void>();
    async function* waiting() {
      yield { requestId: 'first' };
      await first.promise;
      yield { requestId: 'second' };
    }
    const ids: string[] = [];
    for await (const { requestId } of client.publishStream(waiting())) {
      ids.push(requestId);
      first.resolve();
    }
    expect(ids).toEqual(['first', 'second']);
  });

  it('holds back the sender when the server does not read', async () => {
    const goOn = Promise.withResolvers<void>();
    await serving(async function* (requests) {
      await goOn.promise;
      yield* echo(requests, {} as Call);
    });
    let sent = 0;
    async function* counted() {
      for await (const one of numbered(200, 'x'.repeat(64 * 1024))) {
        sent += 1;
        yield one;
      }
    }
    const answers = collect(client.publishStream(counted()));
    await until(() => sent > 1);
    let before = -1;
    await until(async () => {
      const still = before === sent;
      before = sent;
      for (let turn = 0; turn < 200; turn += 1) await new Promise(setImmediate);
      return still && before === sent;
    });
    expect(sent).toBeLessThan(100);
    goOn.resolve();
    expect((await answers).ids).toHaveLength(200);
  });

  it('ends with what the server says, and tells the sender to stop', async () => {
    let returned = false;
    await serving(async function* (requests) {
      for await (const { requestId } of requests) {
        yield { requestId };
        if (requestId === '3') throw new Error('secret');
      }
    });
    async function* endless() {
      try {
        for (let n = 0; ; n += 1) {
          yield { requestId: String(n) };
          await new Promise(setImmediate);
        }
      } finally {
        returned = true;
      }
    }
    const { ids, failure } = await collect(client.publishStream(endless()));
    expect(ids).toEqual(['0', '1', '2', '3']);
    expect(failure).toMatchObject({ status: 'INTERNAL', reason: 'INTERNAL_BUG' });
    await until(() => returned);
  });

  it('is over for the server when the sender fails, and fails with that', async () => {
    let ended = false;
    const arrived = Promise.withResolvers<void>();
    await serving(async function* (requests) {
      arrived.resolve();
      try {
        yield* echo(requests, {} as Call);
      } finally {
        ended = true;
      }
    });
    async function* failing() {
      yield { requestId: 'only' };
      await arrived.promise;
      throw new Error('the file ended');
    }
    const { failure } = await collect(client.publishStream(failing()));
    expect(String(failure)).toContain('the file ended');
    await until(() => ended);
  });

  it('tells the server when the reader leaves', async () => {
    let ended = false;
    await serving(async function* (requests) {
      try {
        for await (const { requestId } of requests) yield { requestId };
      } finally {
        ended = true;
      }
    });
    async function* open() {
      yield { requestId: 'one' };
      await new Promise(() => {});
    }
    for await (const { requestId } of client.publishStream(open())) {
      expect(requestId).toBe('one');
      break;
    }
    await until(() => ended);
  });

  it('tells how it ended also to one that reads the answers much later', async () => {
    await serving(async function* (_, { signal }) {
      // More than the window of a stream: the rest waits here until it is read.
      for (let n = 0; n < 10; n += 1) yield { requestId: 'x'.repeat(32 * 1024) };
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
    });
    const raw = await rawConnection(Number(example.address.split(':')[1]));
    const stream = raw.open({
      ':path': '/events.EventsService/PublishStream',
      'grpc-timeout': '100m',
    });
    stream.write(frame(Buffer.alloc(0)));
    // Longer than a caller that still sends is waited for.
    await sleep(1600);
    const answer = await answerOf(stream);
    expect(answer.grpcStatus).toBe(4);
    raw.close();
  });
});
