import { afterEach, describe, expect, it } from '@jest/globals';
import { EventLog } from '@nova/proto/gen/events/event_log_pb';
import { EventsService } from '@nova/proto/gen/events/events_service_pb';
import { Health } from '@nova/proto/gen/grpc/health/v1/health_pb';
import { stopwatch } from '@nova/testkit';
import { createClient, RpcError } from './index.ts';
import {
  type ExampleServer,
  eventsService,
  logService,
  startExample,
} from './spec/example-server.ts';
import { until } from './spec/until.ts';
import { frame, rawConnection } from './testing/raw-call.ts';

let example: ExampleServer;
const clients: { close(): void }[] = [];

function gate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

function connected<C extends { close(): void }>(client: C): C {
  clients.push(client);
  return client;
}

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await example.stop();
});

describe('a server that stops', () => {
  it('lets unary calls finish and then resolves', async () => {
    const { open, opened } = gate();
    let inWork = false;
    example = await startExample([
      eventsService({
        async getEvent() {
          inWork = true;
          await opened;
          return { event: { eventId: 'finished' } };
        },
      }),
    ]);
    const client = connected(
      createClient(EventsService, { address: example.address, deadlineMs: 5000 }),
    );
    const call = client.getEvent({});
    await until(() => inWork);
    let stopped = false;
    const stopping = example.stop().then(() => {
      stopped = true;
    });
    for (let turn = 0; turn < 50; turn += 1) await new Promise(setImmediate);
    expect(stopped).toBe(false);
    open();
    expect((await call).event?.eventId).toBe('finished');
    await stopping;
  });

  it('takes no new calls meanwhile', async () => {
    const { open, opened } = gate();
    let inWork = false;
    example = await startExample([
      eventsService({
        async getEvent() {
          inWork = true;
          await opened;
          return {};
        },
      }),
    ]);
    const options = { address: example.address, deadlineMs: 2000 };
    const call = connected(createClient(EventsService, options)).getEvent({});
    await until(() => inWork);
    const stopping = example.stop();
    const late = connected(createClient(EventsService, options)).getOutboxStatus({});
    await expect(late).rejects.toMatchObject({ status: 'UNAVAILABLE' });
    open();
    await call;
    await stopping;
  });

  it('ends streams with UNAVAILABLE and tells their methods', async () => {
    let reason: unknown;
    example = await startExample([
      logService(async function* (_, { signal }) {
        yield { scanned: 'one' };
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
        reason = signal.reason;
      }),
    ]);
    const client = connected(
      createClient(EventLog, { address: example.address, deadlineMs: 5000 }),
    );
    const seen: string[] = [];
    const reading = (async () => {
      for await (const { scanned } of client.readLog({})) {
        seen.push(scanned);
        void example.stop();
      }
    })();
    const failure = await reading.catch((thrown: unknown) => thrown);
    expect(seen).toEqual(['one']);
    expect(failure).toBeInstanceOf(RpcError);
    expect(failure).toMatchObject({ status: 'UNAVAILABLE', reason: 'RPC_DRAINING' });
    expect(reason).toMatchObject({ code: 'NOVA_RPC_DRAINING' });
  });

  it('says NOT_SERVING to watchers before it ends their streams', async () => {
    example = await startExample([]);
    const client = connected(createClient(Health, { address: example.address, deadlineMs: 5000 }));
    const seen: number[] = [];
    const watching = (async () => {
      for await (const { status } of client.watch({ service: '' })) {
        seen.push(status);
        if (seen.length === 1) void example.stop();
      }
    })();
    await expect(watching).rejects.toMatchObject({ status: 'UNAVAILABLE' });
    expect(seen).toEqual([1, 2]);
  });

  it('gives up on a call that never ends, after its time', async () => {
    let signalled = false;
    let inWork = false;
    example = await startExample(
      [
        eventsService({
          getEvent: (_, { signal }) => {
            inWork = true;
            signal.addEventListener('abort', () => {
              signalled = true;
            });
            return new Promise(() => {});
          },
        }),
      ],
      { limits: { drainMs: 200 } },
    );
    const client = connected(
      createClient(EventsService, { address: example.address, deadlineMs: 60_000 }),
    );
    const call = client.getEvent({}).catch((thrown: unknown) => thrown);
    await until(() => inWork);
    const watch = stopwatch();
    await example.stop();
    expect(watch.ms()).toBeLessThan(3000);
    expect(await call).toMatchObject({ status: 'UNAVAILABLE', reason: 'RPC_DRAINING' });
    expect(signalled).toBe(true);
  });

  it('is not held up by connections and streams that do nothing', async () => {
    example = await startExample([eventsService({})], { limits: { drainMs: 4000 } });
    const raw = await rawConnection(example.port);
    raw.open({ ':path': '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo' });
    await raw.call('/grpc.health.v1.Health/Check', frame(Buffer.alloc(0)));
    const watch = stopwatch();
    await example.stop();
    expect(watch.ms()).toBeLessThan(3000);
    raw.close();
  });

  it('frees its port and can be started again; stopping twice is harmless', async () => {
    example = await startExample([]);
    await example.stop();
    await example.stop();
    const again = await startExample([], {
      address: { host: '127.0.0.1', port: example.port },
    });
    expect(again.address).toBe(example.address);
    await again.stop();
  });

  it('that was never started stops at once', async () => {
    example = await startExample([]);
    await example.stop();
    await example.server.start();
    await example.server.stop();
  });
});

describe('a port that is taken', () => {
  it('is told with the address', async () => {
    example = await startExample([]);
    const second = startExample([], { address: { host: '127.0.0.1', port: example.port } });
    await expect(second).rejects.toMatchObject({
      code: 'NOVA_RPC_LISTEN_FAILED',
      message: expect.stringContaining(`127.0.0.1:${example.port}`),
    });
  });
});
