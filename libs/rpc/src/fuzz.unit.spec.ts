import { afterEach, describe, expect, it } from '@jest/globals';
import { EventsService } from '@nova/proto/gen/events/events_service_pb';
import {
  type ExampleServer,
  eachMethod,
  eventsService,
  startExample,
} from './spec/example-server.ts';
import { fuzz } from './testing/index.ts';

let example: ExampleServer | undefined;
afterEach(() => example?.stop());

const WORDS = ['message_created', '550e8400-e29b-41d4-a716-446655440000'];
const REQUESTS = 400;
/** What the server with a fault cannot take. */
const ODD = /[^0-9a-z_-]/;
const fine = () => Promise.resolve({});
async function* fineStream() {
  yield await fine();
}

/** Fuzzes a server whose getEvent does this with the ids it is given. */
async function fuzzed(getEvent: (id: string) => void, seed = 1) {
  const methods = eachMethod((kind) => (kind === 'unary' ? fine : fineStream)) as Parameters<
    typeof eventsService
  >[0];
  example = await startExample([
    eventsService({
      ...methods,
      getEvent: async ({ eventId }) => {
        getEvent(eventId);
        return {};
      },
    }),
  ]);
  const report = await fuzz({
    port: example.port,
    services: [EventsService],
    words: WORDS,
    requests: REQUESTS,
    withinMs: 20_000,
    seed,
  });
  await example.stop();
  return report;
}

describe('the fuzzer', () => {
  it('finds nothing in a server that answers everything, and gets past its checks', async () => {
    const { sent, bad, statuses, answered } = await fuzzed(() => {});
    expect({ sent, bad }).toEqual({ sent: REQUESTS, bad: [] });
    expect(answered).toHaveLength(EventsService.methods.length);
    expect(Object.keys(statuses).sort()).toEqual(
      expect.arrayContaining(['INVALID_ARGUMENT', 'OK', 'UNAUTHENTICATED']),
    );
  });

  it('finds the one kind of text that a method cannot take, and sends it again by its seed', async () => {
    const weak = (id: string) => {
      if (ODD.test(id)) throw new TypeError('cannot take it');
    };
    const { bad } = await fuzzed(weak);
    expect(new Set(bad.map(({ method, status }) => `${method} ${status}`))).toEqual(
      new Set(['events.EventsService/GetEvent INTERNAL']),
    );
    const bytes = (found: typeof bad) => found.map((one) => one.bytes).sort();
    expect(bytes((await fuzzed(weak)).bad)).toEqual(bytes(bad));
  });

  it('finds that a server is gone', async () => {
    const { bad } = await fuzzed((id) => {
      if (ODD.test(id)) void example?.server.stop();
    });
    expect(bad.map(({ status }) => status)).toContain('NONE');
  });
});
