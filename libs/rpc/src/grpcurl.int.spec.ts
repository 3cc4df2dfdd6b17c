import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { NovaError } from '@nova/errors';
import { errors } from './errors.ts';
import { type ExampleServer, eventsService, startExample } from './spec/example-server.ts';

jest.setTimeout(30_000);

const run = promisify(execFile);
const installed = spawnSync('grpcurl', ['-version']).error === undefined;
// Where it is missing the suite shows as skipped under this name; reflection itself is proved
// without it in reflection.unit.spec.ts.
const suite = installed ? describe : describe.skip;

let example: ExampleServer;

beforeAll(async () => {
  example = await startExample([
    eventsService({
      publishEvent: async ({ eventType, payload }) => ({
        event: { eventType, payload: payload ?? {}, aggregateVersion: 1n },
      }),
      getEvent: async () => {
        throw new NovaError(
          errors.RPC_HEADER_INVALID,
          { header: 'x', problem: 'y' },
          { violations: [{ field: 'event_id', description: 'is no UUID' }] },
        );
      },
    }),
  ]);
});
afterAll(() => example.stop());

async function grpcurl(...args: string[]): Promise<string> {
  const { stdout } = await run('grpcurl', ['-plaintext', '-max-time', '10', ...args]);
  return stdout;
}

suite('grpcurl (skipped where it is not installed)', () => {
  it('lists services', async () => {
    expect((await grpcurl(example.address, 'list')).trim().split('\n')).toEqual([
      'events.EventsService',
      'grpc.health.v1.Health',
      'grpc.reflection.v1.ServerReflection',
      'grpc.reflection.v1alpha.ServerReflection',
    ]);
  });

  it('describes services and messages, well-known types included', async () => {
    expect(await grpcurl(example.address, 'describe', 'events.EventsService')).toContain(
      'rpc PublishEvent ( .events.PublishEventRequest ) returns ( .events.PublishEventResponse );',
    );
    expect(await grpcurl(example.address, 'describe', 'events.PublishEventRequest')).toContain(
      '.google.protobuf.Struct payload = 4;',
    );
  });

  it('calls a method with nothing but JSON', async () => {
    const request = '{"event_type":"message_created","payload":{"content":"hello","n":[1,null]}}';
    const answer = await grpcurl(
      '-d',
      request,
      example.address,
      'events.EventsService/PublishEvent',
    );
    expect(JSON.parse(answer)).toMatchObject({
      event: {
        eventType: 'message_created',
        aggregateVersion: '1',
        payload: { content: 'hello', n: [1, null] },
      },
    });
  });

  it('shows the details of an error in words', async () => {
    const failing = grpcurl('-d', '{}', example.address, 'events.EventsService/GetEvent');
    const { stderr } = await failing.then(
      () => ({ stderr: 'no failure' }),
      (thrown: { stderr: string }) => thrown,
    );
    expect(stderr).toContain('Code: InvalidArgument');
    expect(stderr).toContain('"reason": "RPC_HEADER_INVALID"');
    expect(stderr).toContain('"field": "event_id"');
  });

  it('checks health', async () => {
    const answer = await grpcurl(example.address, 'grpc.health.v1.Health/Check');
    expect(JSON.parse(answer)).toEqual({ status: 'SERVING' });
  });
});
