import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { NovaError } from '@nova/errors';
import { canonicalJson } from '@nova/events';
import { type Kafka, type KafkaPublisher, errors as kafkaErrors, openKafka } from '@nova/kafka';
import { createRelay } from '@nova/outbox';
import type { Event } from '@nova/proto/gen/events/event_pb';
import { SchemaCompatibility } from '@nova/proto/gen/events/event_schemas_pb';
import type { JsonObject } from '@nova/proto/runtime';
import { RpcError } from '@nova/rpc';
import { silentLogger } from '@nova/telemetry';
import { type TestDatabase, testKafka, waitFor } from '@nova/testkit';
import { keepVersion } from '../storage/event-schemas.ts';
import { logDatabase } from './log-database.rig.spec.ts';
import { type ServedLog, serveLog } from './testing.ts';

let data: TestDatabase;
let kafka: Kafka;
let publisher: KafkaPublisher;
/** Two instances over one database. */
let served: ServedLog;
let other: ServedLog;

// Topics are shared by all spec files of a run.
const unique = randomUUID()
  .slice(0, 8)
  .replaceAll(/\d/g, (digit) => 'ghijklmnop'[Number(digit)] ?? 'q');
const placed = `order_placed_${unique}`;
const aggregateType = `order_${unique}`;

const schemaOf = (properties: JsonObject, required: string[] = ['total']): JsonObject => ({
  type: 'object',
  properties: { total: { type: 'integer', minimum: 0 }, ...properties },
  required,
  additionalProperties: false,
});

beforeAll(async () => {
  const { brokers } = await testKafka();
  kafka = openKafka({
    brokers,
    clientId: 'spec',
    logger: silentLogger,
    replicationFactor: 1,
    minInsyncReplicas: 1,
  });
  publisher = kafka.publisher();
  await publisher.start();
  data = await logDatabase();
  served = await serveLog(data.url, { admin: kafka.admin() });
  other = await serveLog(data.url, { admin: kafka.admin() });
}, 60_000);

afterAll(async () => {
  await served.stop();
  await other.stop();
  await publisher.stop();
  await kafka.admin().close();
  await data.drop();
});

async function failureOf(call: Promise<unknown>): Promise<RpcError> {
  const thrown: unknown = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (thrown instanceof RpcError) return thrown;
  throw new Error(`the call did not fail with an RpcError: ${String(thrown)}`);
}

const register = (
  schema: JsonObject,
  more: { eventType?: string; compatibility?: SchemaCompatibility } = {},
) =>
  served.events.registerEventSchema({
    eventType: placed,
    aggregateType,
    owner: 'shop',
    schema,
    ...more,
  });

const publishAt = (log: ServedLog, payload: JsonObject, more: { eventId?: string } = {}) =>
  log.events.publishEvent({ eventType: placed, aggregateId: ORDER, payload, ...more });

const ORDER = randomUUID();

describe('an event type of another team', () => {
  it('is unknown before it is registered, as any other name', async () => {
    expect(await failureOf(publishAt(served, { total: 1 }))).toMatchObject({
      status: 'INVALID_ARGUMENT',
      reason: 'EVENT_TYPE_UNKNOWN',
      message: expect.stringContaining(`unknown event type "${placed}"`),
    });
  });

  it('has its topics, and is known to every instance, once it is registered', async () => {
    const { schema, created } = await register(schemaOf({}));
    expect(created).toBe(true);
    expect(schema).toMatchObject({
      eventType: placed,
      version: 1,
      owner: 'shop',
      topic: `nova_events_${placed}`,
      compatibility: SchemaCompatibility.BACKWARD,
      registeredBy: 'dev',
    });
    const topics = await kafka.admin().topics();
    expect([topics.get(`nova_events_${placed}`), topics.get(`nova_dlt_${placed}`)]).toEqual([8, 1]);
    // At once, also at the instance that was not asked.
    const { event } = await publishAt(other, { total: 12 });
    expect(event).toMatchObject({
      eventType: placed,
      aggregateType,
      schemaVersion: 1,
      payload: { total: 12 },
    });
  });

  it('has its payloads judged by its schema, each field named, wherever they come in', async () => {
    const wrong = { total: -1, extra: true };
    const expected = expect.arrayContaining(['payload.total', 'payload.extra']);
    const failed = await failureOf(publishAt(served, wrong));
    expect(failed).toMatchObject({ status: 'INVALID_ARGUMENT', reason: 'EVENT_INVALID' });
    expect(failed.violations.map(({ field }) => field)).toEqual(expected);
    const given = (payload: JsonObject) => ({ eventType: placed, aggregateId: ORDER, payload });
    const batch = await failureOf(
      served.events.publishEvents({ events: [given({ total: 1 }), given({})] }),
    );
    expect(batch.violations).toMatchObject([
      { field: 'events[1].payload.total', description: 'is required' },
    ]);
    const json = (payload: JsonObject) => new TextEncoder().encode(JSON.stringify(payload));
    const append = (payload: JsonObject) =>
      served.log.append({
        events: [{ eventType: placed, aggregateId: ORDER, payload: json(payload) }],
      });
    expect((await failureOf(append({}))).violations).toMatchObject([
      { field: 'events[0].payload.total' },
    ]);
    expect((await append({ total: 3 })).results).toHaveLength(1);
    const answers: string[] = [];
    const stream = served.events.publishStream(
      (async function* () {
        for (const payload of [{ total: 4 }, { total: 'x' }, { total: 5 }]) {
          yield { requestId: randomUUID(), event: given(payload) };
        }
      })(),
    );
    for await (const { outcome } of stream) answers.push(outcome.case ?? '');
    expect(answers).toEqual(['stored', 'refusal', 'stored']);
  });

  it('is one content however its payload is written, with the rules that hold for all payloads', async () => {
    await register(schemaOf({ a: { type: 'string' }, b: { type: 'string' } }));
    const eventId = randomUUID();
    const first = await publishAt(served, { total: 1, a: 'x', b: 'y' }, { eventId });
    const again = await publishAt(other, { b: 'y', a: 'x', total: 1 }, { eventId });
    expect([first.replayed, again.replayed, again.event?.position]).toEqual([
      false,
      true,
      first.event?.position,
    ]);
    const nul = await failureOf(publishAt(served, { total: 1, a: 'x\u0000' }));
    expect(nul.violations).toMatchObject([
      { field: 'payload.a', description: expect.stringContaining('NUL') },
    ]);
    const noId = served.events.publishEvent({ eventType: placed, payload: { total: 1 } });
    expect((await failureOf(noId)).violations).toMatchObject([{ field: 'aggregate_id' }]);
  });

  it('is read, subscribed to and consumed as any type', async () => {
    const found = await other.events.getEventsByType({ eventType: placed });
    expect(found.events.length).toBeGreaterThan(4);
    const seen: Event[] = [];
    const events = other.events.subscribeToEvents({
      eventTypes: [placed],
      aggregateTypes: [aggregateType],
      from: { case: 'beginning', value: true },
    });
    for await (const { content } of events) {
      if (content.case === 'event') seen.push(content.value);
      if (seen.length === found.events.length) break;
    }
    expect(seen.map(({ eventId }) => eventId)).toEqual(found.events.map(({ eventId }) => eventId));
    const consumer = {
      service: 'billing',
      consumer: 'views',
      opsAddress: '127.0.0.1:1',
      eventTypes: [placed],
    };
    expect(await served.log.registerConsumer(consumer)).toMatchObject({ ttlSeconds: 60 });
  });

  it('is published to its topic by the relay', async () => {
    const relay = createRelay({
      database: data.database,
      publisher,
      relayId: unique,
      logger: silentLogger,
    });
    await relay.start();
    try {
      await waitFor(async () => (await served.events.getOutboxStatus({})).pending === 0n, {
        withinMs: 20_000,
        what: 'the relay',
      });
    } finally {
      await relay.stop();
    }
    const { events } = await served.events.getEventsByType({ eventType: placed });
    const described = await kafka.admin().describe([`nova_events_${placed}`]);
    expect(described.get(`nova_events_${placed}`)?.records).toBe(BigInt(events.length));
  }, 40_000);
});

describe('a new version', () => {
  it('is refused where the rule forbids it, with every reason', async () => {
    const failed = await failureOf(register(schemaOf({ a: { type: 'integer' } }, ['total', 'to'])));
    expect(failed).toMatchObject({ status: 'FAILED_PRECONDITION', reason: 'SCHEMA_INCOMPATIBLE' });
    expect(failed.violations.map(({ field }) => field)).toEqual(
      expect.arrayContaining(['payload.a', 'payload.to']),
    );
  });

  it('is the one that events are judged by, at every instance at once', async () => {
    const { schema } = await register(schemaOf({ note: { type: 'string' } }));
    expect(schema?.version).toBe(3);
    const { event } = await publishAt(other, { total: 1, note: 'new' });
    expect(event?.schemaVersion).toBe(3);
    // The notification may not be here yet: what the version before allowed may still be taken.
    await waitFor(
      () =>
        publishAt(other, { total: 1, a: 'x' }).then(
          () => false,
          () => true,
        ),
      { withinMs: 10_000, what: 'the refusal of a field that is gone' },
    );
  });

  it('is the present one again where it is the same, and may change the rule then', async () => {
    const same = schemaOf({ note: { type: 'string' } });
    const changed = await register(same, { compatibility: SchemaCompatibility.FULL });
    expect(changed).toMatchObject({
      created: false,
      schema: { version: 3, compatibility: SchemaCompatibility.FULL },
    });
    const another = register(schemaOf({}), { compatibility: SchemaCompatibility.NONE });
    expect((await failureOf(another)).violations).toMatchObject([{ field: 'compatibility' }]);
    const narrower = schemaOf({ note: { type: 'string', enum: ['x'] } });
    expect((await failureOf(register(narrower))).reason).toBe('SCHEMA_INCOMPATIBLE');
    await register(same, { compatibility: SchemaCompatibility.BACKWARD });
  });

  it('has one winner where two are registered at once', async () => {
    const versions = Array.from({ length: 6 }, (_, index) =>
      schemaOf({ note: { type: 'string' }, [`extra_${index % 3}`]: { type: 'string' } }),
    );
    const results = await Promise.allSettled(
      versions.map((schema, index) =>
        (index % 2 === 0 ? served : other).events.registerEventSchema({
          eventType: placed,
          schema,
        }),
      ),
    );
    const won = results.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    const lost = results.flatMap((one) =>
      one.status === 'rejected' ? [one.reason as RpcError] : [],
    );
    const made = won.filter(({ created }) => created);
    expect(new Set(made.map(({ schema }) => schema?.version)).size).toBe(made.length);
    expect(
      lost.every(({ status, reason }) => status === 'ABORTED' && reason === 'SCHEMA_CHANGED'),
    ).toBe(true);
    const kept = await data.database.query<{ version: number }>(
      'SELECT version FROM event_schemas WHERE event_type = $1 ORDER BY version',
      [placed],
    );
    expect(kept.map(({ version }) => version)).toEqual(kept.map((_, index) => index + 1));
    expect(kept).toHaveLength(3 + made.length);
    expect(made.length).toBeGreaterThan(0);
    // None of them was judged against a version that was not the last one.
    expect(made.length + lost.length + won.filter(({ created }) => !created).length).toBe(6);
  });

  it('is told beforehand whom it would break', async () => {
    await served.events.createSubscription({
      name: `mail-${unique}`,
      filter: { eventTypes: [placed] },
    });
    const check = await other.events.checkEventSchema({
      eventType: placed,
      schema: schemaOf({ total: { type: 'string' } }, []),
    });
    expect(check.compatible).toBe(false);
    expect(check.brokenConsumers).toEqual(['billing/views', `subscription/mail-${unique}`]);
    expect(check.breaks.map(({ path }) => path)).toContain('payload.total');
    const fine = await other.events.checkEventSchema({
      eventType: placed,
      schema: schemaOf({ more: true }),
    });
    expect(fine).toMatchObject({ compatible: true, breaks: [], brokenConsumers: [] });
    const own = await served.events.checkEventSchema({
      eventType: 'user_created',
      schema: { type: 'object' },
    });
    expect(own.breaks.length).toBeGreaterThan(0);
  });

  it('is told that those are spared who read none of what it would break', async () => {
    const reader = (consumer: string, ...names: string[]) =>
      served.log.registerConsumer({
        service: 'shop',
        consumer,
        generation: 1,
        eventTypes: [placed],
        opsAddress: 'localhost:1',
        fields: { [placed]: { names } },
      });
    await reader('totals', 'total', 'customer');
    await reader('notes', 'note');
    const check = await other.events.checkEventSchema({
      eventType: placed,
      schema: schemaOf({ total: { type: 'string' } }, []),
    });
    expect(check.brokenConsumers).toEqual([
      'billing/views',
      'shop/totals',
      `subscription/mail-${unique}`,
    ]);
    expect(check.unaffectedConsumers).toEqual(['shop/notes']);
    const strange = served.log.registerConsumer({
      service: 'shop',
      consumer: 'notes',
      eventTypes: [placed],
      opsAddress: 'localhost:1',
      fields: { user_created: { names: ['username'] } },
    });
    expect((await failureOf(strange)).message).toContain('among event_types');
  });

  it('does not follow a deprecation, until that is taken back', async () => {
    const wish = { eventType: placed, reason: 'use order_accepted' };
    expect((await served.events.deprecateEventSchema(wish)).schema).toMatchObject({
      deprecated: true,
    });
    expect((await failureOf(register(schemaOf({ late: true })))).reason).toBe('SCHEMA_DEPRECATED');
    expect((await publishAt(served, { total: 1 })).event?.eventType).toBe(placed);
    await served.events.deprecateEventSchema({ eventType: placed, undo: true });
    expect((await register(schemaOf({ late: true }))).created).toBe(true);
  });
});

/** As another instance does it, whose notification is lost. */
async function registerUnnoticed(eventType: string, version: number, schema: JsonObject) {
  await data.database.transaction(async (tx) => {
    const [row] = await tx.query<{ revision: bigint }>(
      'UPDATE event_types_revision SET revision = revision + 1 RETURNING revision',
    );
    const header = { eventType, aggregateType, owner: 'shop', compatibility: 'NONE' } as const;
    const wanted = { ...header, schemaText: canonicalJson(schema), registeredBy: 'spec' };
    await keepVersion(tx, wanted, { version, revision: row?.revision ?? 0n });
  });
}

describe('an instance that no notification has reached', () => {
  it('looks at what is registered before it refuses a name, or a payload', async () => {
    const eventType = `order_missed_${unique}`;
    const publish = (payload: JsonObject) =>
      other.events.publishEvent({ eventType, aggregateId: ORDER, payload });
    for (let version = 1; version <= 3; version += 1) {
      const field = `field_${version}`;
      await registerUnnoticed(eventType, version, schemaOf({ [field]: true }));
      const { event } = await publish({ total: 1, [field]: 'x' });
      expect(event?.schemaVersion).toBe(version);
    }
  });
});

describe('a registration', () => {
  it.each<[string, string, string, string]>([
    ['of a type of nova', 'message_created', 'thing', 'event_type'],
    ['of an alias', 'shop_message_created', 'thing', 'event_type'],
    ['of one word', 'order', 'thing', 'event_type'],
    ['on an aggregate of nova', 'user_praised', 'user', 'aggregate_type'],
  ])('is refused %s', async (_, eventType, ofType, field) => {
    const call = served.events.registerEventSchema({
      eventType,
      aggregateType: ofType,
      owner: 'shop',
      schema: { type: 'object' },
    });
    expect((await failureOf(call)).violations).toMatchObject([{ field }]);
  });

  it('is refused on an aggregate of another team, with a wrong schema, or without the role', async () => {
    const thief = served.events.registerEventSchema({
      eventType: `order_stolen_${unique}`,
      aggregateType,
      owner: 'thieves',
      schema: { type: 'object' },
    });
    expect((await failureOf(thief)).violations).toMatchObject([
      { field: 'aggregate_type', description: 'belongs to shop' },
    ]);
    const lookahead = register({ type: 'object', properties: { a: { pattern: '(?=a)' } } });
    expect((await failureOf(lookahead)).violations).toMatchObject([{ field: 'schema' }]);
    const misspelt = register({ type: 'object', requierd: ['a'] });
    expect((await failureOf(misspelt)).violations).toMatchObject([{ field: 'schema/requierd' }]);
    const writer = served.as({ 'x-user-id': ORDER, 'x-nova-roles': 'writer' }).events;
    expect((await failureOf(writer.registerEventSchema({}))).status).toBe('PERMISSION_DENIED');
  });

  it('of a type that nobody has yet has one winner, whichever instances are asked', async () => {
    const eventType = `order_contested_${unique}`;
    // None of them is understood by readers of another.
    const kinds = ['string', 'integer', 'boolean', 'array', 'object', 'null'];
    const results = await Promise.allSettled(
      kinds.map((type, index) =>
        (index % 2 === 0 ? served : other).events.registerEventSchema({
          ...{ eventType, aggregateType, owner: 'shop' },
          schema: { type: 'object', properties: { a: { type } }, required: ['a'] },
        }),
      ),
    );
    const reasons = results.map((one) =>
      one.status === 'fulfilled'
        ? `version ${one.value.schema?.version}`
        : (one.reason as RpcError).reason,
    );
    expect(reasons.filter((one) => one === 'version 1')).toHaveLength(1);
    const lost = reasons.filter((one) => one !== 'version 1');
    expect(lost.filter((one) => !/^SCHEMA_(CHANGED|INCOMPATIBLE)$/.test(one))).toEqual([]);
    const winner = kinds[reasons.indexOf('version 1')];
    const kept = await other.events.getEventSchema({ eventType });
    expect(kept.schema).toMatchObject({
      version: 1,
      schema: { properties: { a: { type: winner } } },
    });
  });

  it('leaves nothing behind when Kafka is away', async () => {
    const away = await serveLog(data.url, {
      admin: {
        ensureTopics: () =>
          Promise.reject(
            new NovaError(kafkaErrors.KAFKA_UNAVAILABLE, {
              brokers: 'spec',
              what: 'create topics',
            }),
          ),
      },
    });
    try {
      const eventType = `order_lost_${unique}`;
      const wish = { eventType, aggregateType, owner: 'shop', schema: { type: 'object' } };
      expect((await failureOf(away.events.registerEventSchema(wish))).status).toBe('UNAVAILABLE');
      expect((await failureOf(away.events.getEventSchema({ eventType }))).reason).toBe(
        'SCHEMA_UNKNOWN',
      );
    } finally {
      await away.stop();
    }
  });

  it('is listed in pages with the types of nova, and its versions can be had', async () => {
    const names: string[] = [];
    let pageToken = '';
    do {
      const page = await served.events.listEventSchemas({
        includeBuiltIn: true,
        pageSize: 50,
        pageToken,
      });
      names.push(...page.schemas.map(({ eventType }) => eventType));
      ({ nextPageToken: pageToken } = page);
    } while (pageToken !== '');
    expect(names).toEqual([...new Set(names)].sort());
    expect(names).toEqual(expect.arrayContaining([placed, 'message_created']));
    const first = await served.events.getEventSchema({ eventType: placed, version: 1 });
    expect(first.schema?.schema).toEqual(schemaOf({}));
    const own = await served.events.getEventSchema({ eventType: 'message_created' });
    expect(own.schema).toMatchObject({ builtIn: true, schema: { $id: 'nova:message_created:1' } });
    expect(
      (await failureOf(served.events.getEventSchema({ eventType: placed, version: 99 }))).status,
    ).toBe('NOT_FOUND');
  });
});
