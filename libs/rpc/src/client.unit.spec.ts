import { once } from 'node:events';
import { createServer as createTcpServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { EventsService } from '@nova/proto/gen/events/events_service_pb';
import { stopwatch } from '@nova/testkit';
import { type Client, createClient, RpcError } from './index.ts';
import { type ExampleServer, eventsService, startExample } from './spec/example-server.ts';
import { until } from './spec/until.ts';

jest.setTimeout(30_000);

const echo = eventsService({
  async publishEvent({ eventType }, { headers }) {
    return { event: { eventType, source: headers.all('x-nova-service')[0] ?? '' } };
  },
});

const bigHeaders = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`x-big-${n}`, 'x'.repeat(5000)]));

let example: ExampleServer | undefined;
let client: Client<typeof EventsService>;

afterEach(async () => {
  client.close();
  await example?.stop();
  example = undefined;
});

describe('a client', () => {
  it('sends its own headers and those of the call', async () => {
    example = await startExample([echo]);
    client = createClient(EventsService, {
      address: example.address,
      deadlineMs: 5000,
      metadata: { 'x-nova-service': 'spec-service' },
    });
    expect((await client.publishEvent({})).event?.source).toBe('spec-service');
    const other = { metadata: { 'x-nova-service': 'other-service' } };
    expect((await client.publishEvent({}, other)).event?.source).toBe('other-service');
  });

  it('fails with UNAVAILABLE at once where nothing listens', async () => {
    client = createClient(EventsService, { address: '127.0.0.1:9', deadlineMs: 5000 });
    const watch = stopwatch();
    const failure = await client.publishEvent({}).catch((thrown: unknown) => thrown);
    expect(failure).toBeInstanceOf(RpcError);
    expect(failure).toMatchObject({ status: 'UNAVAILABLE', reason: '', violations: [] });
    expect(watch.ms()).toBeLessThan(4000);
  });

  it('fails at its deadline where something listens that never answers', async () => {
    const sockets: Socket[] = [];
    const mute = createTcpServer((socket) => void sockets.push(socket)).listen(0, '127.0.0.1');
    await once(mute, 'listening');
    const bound = mute.address();
    const port = typeof bound === 'object' ? bound?.port : 0;
    client = createClient(EventsService, { address: `127.0.0.1:${port}`, deadlineMs: 150 });
    await expect(client.publishEvent({})).rejects.toMatchObject({ status: 'DEADLINE_EXCEEDED' });
    // The library goes on with the handshake for a while after its client is closed.
    for (const socket of sockets) socket.destroy();
    mute.close();
  });

  it('finds its server again after a restart, within a few seconds', async () => {
    const first = await startExample([echo]);
    client = createClient(EventsService, { address: first.address, deadlineMs: 2000 });
    await client.publishEvent({});
    await first.stop();
    await expect(client.publishEvent({})).rejects.toMatchObject({ status: 'UNAVAILABLE' });
    example = await startExample([echo], { address: { host: '127.0.0.1', port: first.port } });
    await until(() =>
      client.publishEvent({}).then(
        () => true,
        () => false,
      ),
    );
  });

  it('can wait for its server instead of failing', async () => {
    const first = await startExample([echo]);
    client = createClient(EventsService, { address: first.address, deadlineMs: 10_000 });
    await first.stop();
    const waiting = client.publishEvent({ eventType: 'late' }, { waitForReady: true });
    example = await startExample([echo], { address: { host: '127.0.0.1', port: first.port } });
    expect((await waiting).event?.eventType).toBe('late');
  });

  it('is told RESOURCE_EXHAUSTED when its headers are too large', async () => {
    example = await startExample([echo]);
    client = createClient(EventsService, { address: example.address, deadlineMs: 5000 });
    for (const headers of [7, 20]) {
      await expect(
        client.publishEvent({}, { metadata: bigHeaders(headers) }),
      ).rejects.toMatchObject({ status: 'RESOURCE_EXHAUSTED', reason: 'RPC_TOO_LARGE' });
    }
  });

  it('loses its own connection, and nothing else, with 200 kB of headers', async () => {
    example = await startExample([echo]);
    const options = { address: example.address, deadlineMs: 5000 };
    client = createClient(EventsService, options);
    const other = createClient(EventsService, options);
    await other.publishEvent({});
    // HTTP/2 ends the connection below gRPC: there is no answer that could say why.
    const metadata = bigHeaders(40);
    await expect(client.publishEvent({}, { metadata })).rejects.toBeInstanceOf(RpcError);
    expect((await other.publishEvent({ eventType: 'well' })).event?.eventType).toBe('well');
    await client.publishEvent({}, { waitForReady: true });
    other.close();
  });

  it('that is misused fails with RpcError too', async () => {
    example = await startExample([echo]);
    client = createClient(EventsService, { address: example.address, deadlineMs: 5000 });
    const wrong = { priority: 2 ** 40 };
    await expect(client.publishEvent(wrong)).rejects.toBeInstanceOf(RpcError);
    client.close();
    await expect(client.publishEvent({})).rejects.toBeInstanceOf(RpcError);
  });

  it('leaves the connection of another client alone when it closes', async () => {
    example = await startExample([echo]);
    const options = { address: example.address, deadlineMs: 5000 };
    client = createClient(EventsService, options);
    const other = createClient(EventsService, options);
    await Promise.all([client.publishEvent({}), other.publishEvent({})]);
    other.close();
    expect((await client.publishEvent({ eventType: 'still' })).event?.eventType).toBe('still');
  });
});
