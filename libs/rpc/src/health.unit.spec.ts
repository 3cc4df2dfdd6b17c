import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Health } from '@nova/proto/gen/grpc/health/v1/health_pb';
import { type Client, createClient } from './index.ts';
import { type ExampleServer, eventsService, startExample } from './spec/example-server.ts';
import { until } from './spec/until.ts';

const SERVING = 1;
const NOT_SERVING = 2;
const SERVICE_UNKNOWN = 3;

let example: ExampleServer;
let client: Client<typeof Health>;

beforeEach(async () => {
  example = await startExample([eventsService({})]);
  client = createClient(Health, { address: example.address, deadlineMs: 5000 });
});
afterEach(async () => {
  client.close();
  await example.stop();
});

async function statuses() {
  const names = ['', 'events.EventsService', 'readiness', 'liveness'];
  const answers = await Promise.all(names.map((service) => client.check({ service })));
  return answers.map(({ status }) => status);
}

describe('health', () => {
  it('follows the readiness of the process; liveness does not', async () => {
    expect(await statuses()).toEqual([SERVING, SERVING, SERVING, SERVING]);
    example.readiness.set('postgres', 'down', 'paused');
    expect(await statuses()).toEqual([NOT_SERVING, NOT_SERVING, NOT_SERVING, SERVING]);
    example.readiness.set('postgres', 'ready');
    example.readiness.set('kafka', 'degraded', 'gone');
    expect(await statuses()).toEqual([SERVING, SERVING, SERVING, SERVING]);
  });

  it('of an unknown service is NOT_FOUND', async () => {
    await expect(client.check({ service: 'events.Event' })).rejects.toMatchObject({
      status: 'NOT_FOUND',
      reason: 'RPC_SERVICE_UNKNOWN',
    });
  });

  it('is listed for every name', async () => {
    const { statuses: listed } = await client.list({});
    expect(Object.keys(listed).sort()).toEqual([
      '',
      'events.EventsService',
      'liveness',
      'readiness',
    ]);
  });

  it('is watched: the present state at once, then every change, once each', async () => {
    const seen: number[] = [];
    const leaving = new AbortController();
    const watching = (async () => {
      for await (const { status } of client.watch({ service: '' }, { signal: leaving.signal })) {
        seen.push(status);
      }
    })();
    await until(() => seen.length === 1);
    example.readiness.set('postgres', 'down');
    await until(() => seen.length === 2);
    example.readiness.set('postgres', 'down', 'another reason');
    // A whole call later the watcher has been told, if it is told.
    await client.check({ service: '' });
    example.readiness.set('postgres', 'ready');
    await until(() => seen.length === 3);
    leaving.abort();
    await expect(watching).rejects.toMatchObject({ status: 'CANCELLED' });
    expect(seen).toEqual([SERVING, NOT_SERVING, SERVING]);
  });

  it('of an unknown service can be watched all the same', async () => {
    for await (const { status } of client.watch({ service: 'later.Service' })) {
      expect(status).toBe(SERVICE_UNKNOWN);
      break;
    }
  });

  it('asks nobody who he is', async () => {
    const nobody = { metadata: { 'x-user-id': 'not a uuid' } };
    expect((await client.check({}, nobody)).status).toBe(SERVING);
  });
});
