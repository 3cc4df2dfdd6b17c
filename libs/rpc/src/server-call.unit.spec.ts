import { afterEach, describe, expect, it } from '@jest/globals';
import { defineErrors, NovaError } from '@nova/errors';
import { EventsService } from '@nova/proto/gen/events/events_service_pb';
import { currentTraceContext, withSpan } from '@nova/telemetry';
import { recordSpans } from '@nova/telemetry/testing';
import { type Call, type Client, createClient, type Policy, RpcError } from './index.ts';
import { type ExampleServer, eventsService, startExample } from './spec/example-server.ts';
import { until } from './spec/until.ts';

const errors = defineErrors({
  SPEC_CONFLICT: {
    message: 'aggregate {id} moved on',
    status: 'ABORTED',
    retry: 'backoff',
    blame: 'caller',
    hint: '-',
  },
  SPEC_DATABASE: {
    message: 'select * from secrets failed',
    status: 'INTERNAL',
    retry: 'never',
    blame: 'bug',
    hint: '-',
  },
});

let example: ExampleServer;
let client: Client<typeof EventsService>;

async function serving(
  getEvent: (call: Call) => Promise<object> | object,
  policy: Policy = 'authenticated',
  limits = {},
) {
  const service = eventsService(
    {
      publishEvent: async ({ payload }) => ({ event: { payload: payload ?? {} } }),
      // Some of these methods break their type on purpose, as code without types would.
      getEvent: ((_: unknown, call: Call) => getEvent(call)) as never,
    },
    policy,
  );
  example = await startExample([service], { limits });
  client = createClient(EventsService, { address: example.address, deadlineMs: 5000 });
}

/** Waits as long as the call lasts. */
function waitFor({ signal }: Call): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason));
  });
}

async function failureOf(call: Promise<unknown>): Promise<RpcError> {
  const thrown = await call.then(
    () => 'no failure',
    (failure: unknown) => failure,
  );
  if (thrown instanceof RpcError) return thrown;
  throw new Error(`not an RpcError: ${String(thrown)}`);
}

afterEach(async () => {
  client.close();
  await example.stop();
});

describe('a unary call', () => {
  it('gives the method a typed request and the caller a typed answer', async () => {
    await serving(async () => ({}));
    const { event } = await client.publishEvent({ payload: { text: 'héllo', n: [1, null] } });
    expect(event?.payload).toEqual({ text: 'héllo', n: [1, null] });
  });

  it('answers with the correlation id it was given, or with a new one', async () => {
    const seen: string[] = [];
    await serving(async ({ correlationId }) => {
      seen.push(correlationId);
      throw new NovaError(errors.SPEC_CONFLICT, { id: 'a' });
    });
    const given = await failureOf(client.getEvent({}, { correlationId: 'req-1' }));
    const made = await failureOf(client.getEvent({}));
    expect(given.correlationId).toBe('req-1');
    expect(made.correlationId).toMatch(/^[0-9a-f-]{36}$/);
    expect(seen).toEqual(['req-1', made.correlationId]);
  });

  it.each(['with space', 'x'.repeat(129), '"quoted"'])(
    'refuses the correlation id %j',
    async (correlationId) => {
      await serving(async () => ({}));
      const failure = await failureOf(client.getEvent({}, { correlationId }));
      expect(failure).toMatchObject({
        status: 'INVALID_ARGUMENT',
        reason: 'RPC_HEADER_INVALID',
        violations: [{ field: 'correlation-id' }],
      });
    },
  );

  it('continues the trace of its caller in one server span', async () => {
    await serving(async () => ({ event: { eventId: currentTraceContext()?.traceparent ?? '' } }));
    const recorder = recordSpans();
    const parent = { traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' };
    const { event } = await withSpan('command', { parent }, () => client.getEvent({}));
    const spans = recorder.spans();
    await recorder.stop();
    const byKind = (kind: string) => spans.find((span) => span.kind === kind);
    const [server, outgoing, command] = [byKind('server'), byKind('client'), byKind('internal')];
    expect(spans).toHaveLength(3);
    expect(server).toMatchObject({ name: 'events.EventsService/GetEvent', failed: false });
    expect(command?.traceId).toBe('4bf92f3577b34da6a3ce929d0e0e4736');
    expect(outgoing?.parentSpanId).toBe(command?.spanId);
    expect(server?.parentSpanId).toBe(outgoing?.spanId);
    expect(event?.eventId).toContain(server?.spanId);
  });
});

describe('an error of nova', () => {
  it('arrives with status, reason, metadata, violations and time to wait', async () => {
    await serving(async () => {
      throw new NovaError(
        errors.SPEC_CONFLICT,
        { id: 'a' },
        {
          metadata: { current_version: '7' },
          violations: [{ field: 'condition.version', description: 'is 7' }],
          retryAfterMs: 1500,
        },
      );
    });
    expect(await failureOf(client.getEvent({}))).toMatchObject({
      message: 'aggregate a moved on',
      status: 'ABORTED',
      reason: 'SPEC_CONFLICT',
      metadata: { current_version: '7' },
      violations: [{ field: 'condition.version', description: 'is 7' }],
      retryAfterMs: 1500,
      method: 'events.EventsService/GetEvent',
    });
  });

  it('of status INTERNAL says only where to look', async () => {
    await serving(async () => {
      throw new NovaError(errors.SPEC_DATABASE, {}, { metadata: { table: 'secrets' } });
    });
    const failure = await failureOf(client.getEvent({}));
    expect(failure.status).toBe('INTERNAL');
    expect(JSON.stringify(failure)).not.toContain('secrets');
    expect(failure.message).toBe(`internal error (correlation id ${failure.correlationId})`);
  });

  it('of another service becomes its absence or a bug, never its text', async () => {
    const upstream = (status: 'UNAVAILABLE' | 'PERMISSION_DENIED') =>
      new RpcError('upstream secret', {
        status,
        reason: '',
        violations: [],
        metadata: {},
        retryAfterMs: undefined,
        method: 'x.Y/Z',
        correlationId: undefined,
      });
    let thrown = upstream('UNAVAILABLE');
    await serving(async () => {
      throw thrown;
    });
    expect(await failureOf(client.getEvent({}))).toMatchObject({
      status: 'UNAVAILABLE',
      reason: 'RPC_UPSTREAM_UNAVAILABLE',
    });
    thrown = upstream('PERMISSION_DENIED');
    const failure = await failureOf(client.getEvent({}));
    expect(failure.status).toBe('INTERNAL');
    expect(failure.message).not.toContain('secret');
  });
});

describe('a method that breaks', () => {
  const secret = 'password=hunter2';
  const ways: Record<string, () => Promise<object> | object> = {
    'rejects with an error': () => Promise.reject(new Error(secret)),
    'throws before its first await': () => {
      throw new TypeError(secret);
    },
    'rejects with a text': () => Promise.reject(secret),
    'rejects with nothing': () => Promise.reject(undefined),
    'rejects with null': () => Promise.reject(null),
    'rejects with a hostile object': () =>
      Promise.reject(
        Object.create(null, {
          message: {
            get() {
              throw new Error(secret);
            },
          },
        }),
      ),
    'returns nothing at all': () => Promise.resolve(undefined as never),
    'returns a value of the wrong type': () => Promise.resolve({ event: 7 }),
    'returns a number that does not fit': () =>
      Promise.resolve({ event: { schemaVersion: 2 ** 40 } }),
    'returns no promise': () => ({}),
  };

  it.each(Object.keys(ways).filter((way) => way !== 'returns no promise'))(
    '%s: INTERNAL, logged once, and the server goes on',
    async (way) => {
      await serving(() => ways[way]?.() ?? {});
      const failure = await failureOf(client.getEvent({}, { correlationId: 'broken-1' }));
      expect(failure).toMatchObject({ status: 'INTERNAL', reason: 'INTERNAL_BUG' });
      expect(failure.message).not.toContain('hunter2');
      expect(failure.correlationId).toBe('broken-1');
      const logged = example.logged().filter(({ level }) => level === 'error');
      expect(logged).toMatchObject([
        {
          msg: 'a call failed on a bug',
          correlation_id: 'broken-1',
          method: 'events.EventsService/GetEvent',
          trace_id: expect.any(String),
        },
      ]);
      const { event } = await client.publishEvent({ payload: { still: 'here' } });
      expect(event?.payload).toEqual({ still: 'here' });
    },
  );

  it('that returns no promise is forgiven', async () => {
    await serving(() => ({ event: { eventId: 'plain' } }));
    expect((await client.getEvent({})).event?.eventId).toBe('plain');
  });
});

describe('the deadline', () => {
  it('of the caller ends the call and tells the method', async () => {
    const reasons: unknown[] = [];
    await serving(
      (call) => waitFor(call).catch((reason: unknown) => void reasons.push(reason)) as never,
    );
    // On a slow machine a call may be over before the server has it.
    await until(async () => {
      const failure = await failureOf(client.getEvent({}, { deadlineMs: 80 }));
      expect(failure.status).toBe('DEADLINE_EXCEEDED');
      return reasons.length > 0;
    });
    // The caller's own clock and the server's run side by side: either may be first.
    expect(['NOVA_RPC_DEADLINE_EXCEEDED', 'NOVA_RPC_CANCELLED']).toContain(
      (reasons[0] as NovaError).code,
    );
  });

  it('is imposed where the caller gives none', async () => {
    const remaining: number[] = [];
    await serving(
      (call) => {
        remaining.push(call.remainingMs());
        return waitFor(call);
      },
      'authenticated',
      { deadlineMs: 120 },
    );
    const endless = { ...client };
    const failure = await failureOf(endless.getEvent({}, { deadlineMs: Number.POSITIVE_INFINITY }));
    expect(failure).toMatchObject({ status: 'DEADLINE_EXCEEDED', reason: 'RPC_DEADLINE_EXCEEDED' });
    expect(remaining[0]).toBeGreaterThan(60);
    expect(remaining[0]).toBeLessThanOrEqual(120);
  });

  it('is not the only end: a cancelled call aborts its method too', async () => {
    const cancelling = new AbortController();
    const aborted = new Promise<unknown>((resolve) => {
      void serving(({ signal }) => {
        signal.addEventListener('abort', () => resolve(signal.reason));
        cancelling.abort();
        return new Promise<object>(() => {});
      }).then(() => failureOf(client.getEvent({}, { signal: cancelling.signal })));
    });
    expect(await aborted).toMatchObject({ code: 'NOVA_RPC_CANCELLED' });
  });
});

describe('a method that goes on after its call has ended', () => {
  it('is heard of when it then fails for a reason of its own', async () => {
    await serving(async ({ signal }) => {
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      throw new TypeError('late');
    });
    await failureOf(client.getEvent({}, { deadlineMs: 80 }));
    await until(() => example.logged().some(({ msg }) => String(msg).includes('after its call')));
    const late = example.logged().find(({ msg }) => String(msg).includes('after its call'));
    expect(late).toMatchObject({ level: 'warn', err: { type: 'TypeError', message: 'late' } });
  });

  it('is not when it fails because it was told to stop', async () => {
    let ended = 0;
    await serving((call) =>
      waitFor(call).finally(() => {
        ended += 1;
      }),
    );
    await failureOf(client.getEvent({}, { deadlineMs: 80 }));
    await until(() => ended === 1);
    await new Promise(setImmediate);
    expect(example.logged().filter(({ msg }) => String(msg).includes('after its'))).toEqual([]);
  });
});

describe('the policy', () => {
  const user = { 'x-user-id': '550e8400-e29b-41d4-a716-446655440000' };

  it('lets in who has one of the roles and nobody else', async () => {
    await serving(async () => ({}), ['admin', 'writer']);
    await client.getEvent({}, { metadata: { ...user, 'x-nova-roles': 'writer' } });
    for (const metadata of [user, { ...user, 'x-nova-roles': 'reader,service' }]) {
      expect(await failureOf(client.getEvent({}, { metadata }))).toMatchObject({
        status: 'PERMISSION_DENIED',
        reason: 'RPC_PERMISSION_DENIED',
      });
    }
  });

  it('lets in any identified caller where that is enough', async () => {
    await serving(async ({ caller }) => ({ event: { source: caller.principal } }));
    const { event } = await client.getEvent({}, { metadata: user });
    expect(event?.source).toBe(user['x-user-id']);
  });

  it('is judged before the request is read', async () => {
    await serving(async () => ({}), 'admin');
    const failure = await failureOf(
      client.publishEvent({ payload: { big: 'x'.repeat(1_000_000) } }, { metadata: user }),
    );
    expect(failure.status).toBe('PERMISSION_DENIED');
  });
});
