import { once } from 'node:events';
import { connect } from 'node:http2';
import { afterEach, describe, expect, it } from '@jest/globals';
import { EventsService } from '@nova/proto/gen/events/events_service_pb';
import { type Clock, sleep } from '@nova/time';
import {
  type Client,
  createClient,
  localRateLimiter,
  type RateLimiter,
  RpcError,
} from './index.ts';
import type { Limits } from './limits.ts';
import { sharedRateLimiter } from './rate-limit.ts';
import { type ExampleServer, eventsService, startExample } from './spec/example-server.ts';
import { until } from './spec/until.ts';
import { answerOf, frame, type RawAnswer, rawConnection } from './testing/raw-call.ts';

let example: ExampleServer;
const clients: Client<typeof EventsService>[] = [];
const ID = '550e8400-e29b-41d4-a716-446655440000';

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await example?.stop();
});

function callerNamed(headers: Readonly<Record<string, string>>): Client<typeof EventsService> {
  const client = createClient(EventsService, {
    address: example.address,
    metadata: headers,
    deadlineMs: 60_000,
  });
  clients.push(client);
  return client;
}

/** A clock that stands until it is told to go. */
function standingClock(): Clock & { goOn(ms: number): void } {
  let nowMs = 1000;
  return {
    now: () => new Date(nowMs),
    monotonicMs: () => nowMs,
    goOn(ms) {
      nowMs += ms;
    },
  };
}

describe('calls in work', () => {
  /** A server whose calls wait until they are let go. */
  async function waiting(limits: Partial<Limits>) {
    const gate = Promise.withResolvers<object>();
    let entered = 0;
    const getEvent = () => {
      entered += 1;
      return gate.promise;
    };
    example = await startExample([eventsService({ getEvent })], { limits });
    return { letGo: () => gate.resolve({}), entered: () => entered };
  }

  it('of one caller are bounded, others go on, and each that ends makes room', async () => {
    const server = await waiting({ callsPerCaller: 3 });
    const greedy = callerNamed({ 'x-user-id': ID });
    const other = callerNamed({ 'x-nova-service': 'search-service' });
    const calls = Array.from({ length: 3 }, () => greedy.getEvent({ eventId: ID }));
    await until(() => server.entered() === 3);
    await expect(greedy.getEvent({ eventId: ID })).rejects.toMatchObject({
      status: 'RESOURCE_EXHAUSTED',
      reason: 'RPC_TOO_MANY_CALLS',
      retryAfterMs: 100,
    });
    calls.push(other.getEvent({ eventId: ID }));
    await until(() => server.entered() === 4);
    server.letGo();
    await Promise.all(calls);
    for (let turn = 0; turn < 10; turn += 1) await greedy.getEvent({ eventId: ID });
  });

  it('of all callers together are bounded; health is answered all the same', async () => {
    const server = await waiting({ callsInFlight: 2 });
    const named = (digit: number) => callerNamed({ 'x-user-id': ID.replace('550', `55${digit}`) });
    const [one, two, three] = [named(1), named(2), named(3)];
    const calls = [one.getEvent({ eventId: ID }), two.getEvent({ eventId: ID })];
    await until(() => server.entered() === 2);
    await expect(three.getEvent({ eventId: ID })).rejects.toMatchObject({
      reason: 'RPC_TOO_MANY_CALLS',
    });
    server.letGo();
    await Promise.all(calls);
    await three.getEvent({ eventId: ID });
  });

  it('that are refused, large and many at once, do no harm to others on their connection', async () => {
    const server = await waiting({ callsPerCaller: 1, streamsPerConnection: 20 });
    const client = callerNamed({ 'x-user-id': ID });
    const taken = client.getEvent({ eventId: ID });
    await until(() => server.entered() === 1);
    const large = 'x'.repeat(200_000);
    for (let round = 0; round < 3; round += 1) {
      const calls = Array.from({ length: 60 }, () =>
        client.getEvent({ eventId: large }).then(
          () => 'answered',
          (thrown: unknown) => (thrown instanceof RpcError ? thrown.reason : thrown),
        ),
      );
      expect(new Set(await Promise.all(calls))).toEqual(new Set(['RPC_TOO_MANY_CALLS']));
    }
    server.letGo();
    await taken;
  }, 60_000);

  it('that are refused before their requests have come are told when these have', async () => {
    const server = await waiting({ callsPerCaller: 1, streamsPerConnection: 20 });
    const taken = callerNamed({ 'x-user-id': ID }).getEvent({ eventId: ID });
    await until(() => server.entered() === 1);
    const raw = await rawConnection(example.port);
    await until(() => raw.session.remoteSettings.maxConcurrentStreams === 20);
    const refused = Array.from({ length: 60 }, () =>
      raw.open({ ':path': '/events.EventsService/GetEvent', 'x-user-id': ID }),
    );
    const answers = refused.map(answerOf);
    // Longer than Node and we need to refuse them.
    await sleep(800);
    for (const stream of refused) stream.end(frame(new Uint8Array()));
    for (const answer of await Promise.all(answers)) {
      expect(answer).toMatchObject({ grpcStatus: 8, resetCode: 0 });
    }
    raw.close();
    server.letGo();
    await taken;
  }, 60_000);

  it('that are cancelled make room, too', async () => {
    const server = await waiting({ callsPerCaller: 1 });
    const client = callerNamed({ 'x-user-id': ID });
    const abort = new AbortController();
    const call = client.getEvent({ eventId: ID }, { signal: abort.signal });
    await until(() => server.entered() === 1);
    abort.abort();
    await expect(call).rejects.toMatchObject({ status: 'CANCELLED' });
    server.letGo();
    await until(() =>
      client.getEvent({ eventId: ID }).then(
        () => true,
        () => false,
      ),
    );
  });
});

describe('the rate of a caller', () => {
  it('is refused beyond with the time to wait; others and services are not touched', async () => {
    const clock = standingClock();
    const rates = localRateLimiter({ perSecond: 10, burst: 5 }, clock);
    example = await startExample([eventsService({ getEvent: async () => ({}) })], { rates });
    const hasty = callerNamed({ 'x-user-id': ID });
    for (let call = 0; call < 5; call += 1) await hasty.getEvent({ eventId: ID });
    await expect(hasty.getEvent({ eventId: ID })).rejects.toMatchObject({
      status: 'RESOURCE_EXHAUSTED',
      reason: 'RPC_RATE_EXCEEDED',
      retryAfterMs: 100,
    });
    await callerNamed({ 'x-user-id': ID.replace('550', '551') }).getEvent({ eventId: ID });
    const service = callerNamed({ 'x-nova-service': 'a-service', 'x-nova-roles': 'service' });
    for (let call = 0; call < 20; call += 1) await service.getEvent({ eventId: ID });
    clock.goOn(100);
    await hasty.getEvent({ eventId: ID });
    await expect(hasty.getEvent({ eventId: ID })).rejects.toMatchObject({ retryAfterMs: 100 });
  });

  it('is the allowed one over time, and a refused call does not use it up', async () => {
    const clock = standingClock();
    const rates = localRateLimiter({ perSecond: 50, burst: 10 }, clock);
    let taken = 0;
    for (let ms = 0; ms < 10_000; ms += 1) {
      if ((await rates.take('one')) === 0) taken += 1;
      clock.goOn(1);
    }
    expect(taken).toBeGreaterThanOrEqual(505);
    expect(taken).toBeLessThanOrEqual(510);
  });

  it('once refused is refused at the door: nobody is asked, the answer is the same', async () => {
    const clock = standingClock();
    const local = localRateLimiter({ perSecond: 10, burst: 1 }, clock);
    let asked = 0;
    const rates: RateLimiter = {
      ...local,
      take(principal) {
        asked += 1;
        return local.take(principal);
      },
    };
    example = await startExample([eventsService({ getEvent: async () => ({}) })], { rates });
    const raw = await rawConnection(example.port);
    const path = '/events.EventsService/GetEvent';
    const ask = (headers: Record<string, string>, ms = '5S') =>
      raw.call(path, frame(Buffer.alloc(0)), { 'grpc-timeout': ms, ...headers });
    const hasty = { 'x-user-id': ID, 'correlation-id': 'of-mine' };
    expect((await ask(hasty)).grpcStatus).toBe(0);
    const first = await ask(hasty);
    const askedBefore = asked;
    const again = await ask(hasty);
    expect(asked).toBe(askedBefore);
    expect(first).toMatchObject({ httpStatus: 200, grpcStatus: 8, resetCode: 0 });
    const same = ({ httpStatus, grpcStatus, grpcMessage, resetCode, headers }: RawAnswer) => {
      const { date, ...others } = headers;
      return { httpStatus, grpcStatus, grpcMessage, resetCode, others };
    };
    expect(same(again)).toEqual(same(first));
    expect(again.headers['correlation-id']).toBe('of-mine');
    // Whoever shares the connection is another: by the user, or by the roles.
    expect((await ask({ 'x-user-id': ID.replace('550', '551') })).grpcStatus).toBe(0);
    const asService = { ...hasty, 'x-nova-roles': 'service' };
    expect((await ask(asService)).grpcStatus).toBe(0);
    // What anybody may ask is answered.
    const { grpcStatus } = await raw.call(
      '/grpc.health.v1.Health/Check',
      frame(Buffer.alloc(0)),
      hasty,
    );
    expect(grpcStatus).toBe(0);
    clock.goOn(100);
    expect((await ask(hasty)).grpcStatus).toBe(0);
    raw.close();
  });

  it('is refused at the door also while a large request still comes, and may then go on', async () => {
    const clock = standingClock();
    const rates = localRateLimiter({ perSecond: 10, burst: 1 }, clock);
    example = await startExample([eventsService({ getEvent: async () => ({}) })], { rates });
    const raw = await rawConnection(example.port);
    const ask = (bytes: number) =>
      raw.call('/events.EventsService/GetEvent', frame(Buffer.alloc(bytes)), { 'x-user-id': ID });
    await ask(0);
    await ask(0);
    // More than the windows of a connection, together.
    const answers = await Promise.all(Array.from({ length: 5 }, () => ask(1024 * 1024)));
    for (const answer of answers) expect(answer).toMatchObject({ grpcStatus: 8, resetCode: 0 });
    clock.goOn(100);
    expect((await ask(0)).grpcStatus).toBe(0);
    raw.close();
  });

  it('of all instances is remembered by each for as long as they were told', async () => {
    const clock = standingClock();
    const waits = [0, 50];
    const shared = { take: () => Promise.resolve(waits.shift() ?? 0) };
    const local = localRateLimiter({ perSecond: 1, burst: 1 }, clock);
    const rates = sharedRateLimiter(shared, local, clock);
    expect([await rates.take('one'), rates.refusedForMs('one')]).toEqual([0, 0]);
    expect([await rates.take('one'), rates.refusedForMs('one')]).toEqual([50, 50]);
    expect(rates.refusedForMs('other')).toBe(0);
    clock.goOn(20);
    expect(rates.refusedForMs('one')).toBe(30);
    clock.goOn(30);
    expect(rates.refusedForMs('one')).toBe(0);
  });

  it('goes on being limited by each instance while the shared count is away', async () => {
    const clock = standingClock();
    let asked = 0;
    let isAway = false;
    const shared = {
      take(): Promise<number> {
        asked += 1;
        return isAway ? Promise.reject(new Error('away')) : Promise.resolve(7);
      },
    };
    const local = localRateLimiter({ perSecond: 1, burst: 2 }, clock);
    const rates = sharedRateLimiter(shared, local, clock);
    expect(await rates.take('one')).toBe(7);
    isAway = true;
    const answers = [];
    for (let call = 0; call < 4; call += 1) answers.push(await rates.take('one'));
    expect(answers).toEqual([0, 0, 1000, 1000]);
    // It is asked once a second only, so that an absent one does not cost every call its time.
    expect(asked).toBe(2);
    isAway = false;
    clock.goOn(1000);
    expect(await rates.take('one')).toBe(7);
  });
});

describe('a connection of age', () => {
  it('is told to go, its calls finish, and a client goes on over a new one', async () => {
    const limits = { connectionAgeMs: 200, connectionGraceMs: 5000 };
    const answered = Promise.withResolvers<object>();
    example = await startExample([eventsService({ getEvent: () => answered.promise })], { limits });
    const raw = connect(`http://${example.address}`);
    const goaway = once(raw, 'goaway');
    const client = callerNamed({ 'x-user-id': ID });
    const call = client.getEvent({ eventId: ID });
    // NO_ERROR.
    expect((await goaway).at(0)).toBe(0);
    answered.resolve({});
    await call;
    await client.getEvent({ eventId: ID });
    raw.destroy();
  });
});
