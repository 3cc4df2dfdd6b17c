import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { defineErrors, NovaError } from '@nova/errors';
import { DEFAULT_PARTITIONS, decodeToken, encodeToken, topicOf } from '@nova/events';
import { openKafka } from '@nova/kafka';
import { defineView, on, type View } from '@nova/projection';
import { PublishEventRequestSchema } from '@nova/proto/gen/events/events_service_pb';
import { Health } from '@nova/proto/gen/grpc/health/v1/health_pb';
import {
  MemberAddedSchema,
  MemberRemovedSchema,
} from '@nova/proto/gen/messaging/conversation_events_pb';
import { ConsumerPhase, DeliveryCondition, OpsService } from '@nova/proto/gen/ops/ops_service_pb';
import { create } from '@nova/proto/runtime';
import { type Call, createClient } from '@nova/rpc';
import {
  type CommandSpec,
  type Consuming,
  consumingSettings,
  contextOf,
  defineService,
  loadService,
  type RunningService,
  rowRef,
  startService,
} from '@nova/service-kit';
import { silentLogger } from '@nova/telemetry';
import { stopwatch, type TestDatabase, testDatabase, testKafka, waitFor } from '@nova/testkit';
import { logDatabase } from './log-database.rig.spec.ts';
import { type ServedLog, serveLog } from './testing.ts';

/*
 * The commands and queries of a service of service-kit against the real log, over real connections.
 * No relay runs: its views show what the log had when it started and nothing that came after, so
 * that every decision here is made on rows that are too old.
 */

interface Room {
  readonly conversation_id: string;
  readonly members: readonly string[];
}

const rules = defineErrors({
  TRY_FULL: {
    message: 'the room is full',
    status: 'FAILED_PRECONDITION',
    retry: 'never',
    blame: 'caller',
    hint: 'Leave it.',
  },
});

const { brokers } = await testKafka();
const [ANN, BEN, CEM] = [randomUUID(), randomUUID(), randomUUID()];
const TYPES = ['member_added', 'member_removed'];
const SEATS = 3;
/** In the view, as they were in the beginning; all other rooms are not. */
const SHOWN = randomUUID();
const STILL = randomUUID();

let log: TestDatabase;
let store: TestDatabase;
let served: ServedLog;
let service: RunningService;
let consuming: Consuming;
let rooms: View<Room, 'conversation_id'>;
let folder = '';

function roomView(table: URL) {
  const keys = ({ aggregateId }: { aggregateId: string }) => [{ conversation_id: aggregateId }];
  return defineView<Room, 'conversation_id'>({
    name: 'room_view',
    version: 1,
    table,
    key: ['conversation_id'],
    handlers: [
      on(MemberAddedSchema, {
        keys,
        fold: (row, { payload }, key) => ({
          ...key,
          members: [...(row?.members ?? []), payload.userId ?? ''],
        }),
      }),
      on(MemberRemovedSchema, {
        keys,
        fold: (row, { payload }, key) => ({
          ...key,
          members: (row?.members ?? []).filter((one) => one !== payload.userId),
        }),
      }),
    ],
  });
}

function tell(aggregateId: string, eventType: string, ...users: string[]) {
  const events = users.map((user_id) => ({ eventType, aggregateId, payload: { user_id } }));
  return served.events.publishEvents({ events });
}

async function startRooms(): Promise<RunningService> {
  const definition = defineService({
    name: 'rooms-service',
    ports: { grpc: 0, ops: 0 },
    settings: consumingSettings('ROOMS'),
    consumer: ({ config }) => ({ config, views: [rooms] }),
    build(_, given) {
      if (given !== undefined) consuming = given;
      return { parts: [], probes: [] };
    },
  });
  const loaded = loadService(definition, {
    NOVA_MODE: 'development',
    NOVA_ROOMS_DATABASE_URL: store.url,
    NOVA_EVENTS_URL: served.address,
    NOVA_KAFKA_BROKERS: brokers.join(','),
  });
  return startService(
    definition,
    contextOf(loaded, silentLogger, () => {}),
  );
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nova-rooms-'));
  const file = join(folder, 'table.sql');
  const columns = 'conversation_id uuid PRIMARY KEY, members text[] NOT NULL';
  writeFileSync(file, `CREATE TABLE room_view (${columns});`);
  rooms = roomView(pathToFileURL(file));
  [log, store] = await Promise.all([logDatabase(), testDatabase()]);
  served = await serveLog(log.url);
  const admin = openKafka({ brokers, clientId: 'spec', logger: silentLogger }).admin();
  await admin.ensureTopics(
    TYPES.map((type) => ({ topic: topicOf(type), partitions: DEFAULT_PARTITIONS })),
  );
  await admin.close();
  await tell(STILL, 'member_added', ANN);
  const { consistencyToken } = await tell(SHOWN, 'member_added', ANN, BEN);
  service = await startRooms();
  await waitFor(async () => (await consuming.consumer.waitFor(consistencyToken, 0)) === 'reached', {
    withinMs: 20_000,
    what: 'the view has caught up',
  });
}, 60_000);
afterAll(async () => {
  await service.stop();
  await served.stop();
  await Promise.all([log.drop(), store.drop()]);
  rmSync(folder, { recursive: true, force: true });
});

function callOf(remainingMs = 10_000): Call {
  return {
    caller: { principal: ANN, userId: ANN, roles: new Set(), actsForOthers: false },
    method: 'messaging.MessagingService/AddMember',
    correlationId: randomUUID(),
    signal: new AbortController().signal,
    remainingMs: () => remainingMs,
    headers: { all: () => [] },
    peer: 'here',
    logger: silentLogger,
  };
}

interface Added {
  readonly versions: readonly bigint[];
  readonly members: unknown;
}

/** Adds a member unless there already. */
function add(room: string, user: string, requestId = ''): CommandSpec<Added> {
  const key = { conversation_id: room };
  return {
    schema: PublishEventRequestSchema,
    request: create(PublishEventRequestSchema, { requestId, aggregateId: room, eventId: user }),
    requestId,
    decidedBy: [{ aggregateType: 'conversation', aggregateId: room, eventTypes: TYPES }],
    rows: [rowRef(rooms, key)],
    decide(rows) {
      const members = rows.get(rooms, key)?.members ?? [];
      if (members.includes(user)) return { events: [], reply: { members } };
      if (members.length >= SEATS) throw new NovaError(rules.TRY_FULL);
      const event = { schema: MemberAddedSchema, aggregateId: room, payload: { user_id: user } };
      return { events: [event], reply: { members: [...members, user] } };
    },
    answer: ({ events, reply }) => ({
      versions: events.map(({ aggregateVersion }) => aggregateVersion),
      members: reply['members'],
    }),
  };
}

const run = (spec: CommandSpec<Added>, call = callOf()) => consuming.commands.run(call, spec);

describe('a command of a service', () => {
  it('decides on its rows, and appends for the caller in the name of the service', async () => {
    const call = callOf();
    const answer = await run(add(SHOWN, CEM), call);
    expect(answer).toMatchObject({ versions: [3n], members: [ANN, BEN, CEM], replayed: false });
    const { events } = await served.events.getEventsByAggregate({ aggregateId: SHOWN });
    expect(events.at(-1)).toMatchObject({
      source: '/nova/rooms-service',
      correlationId: call.correlationId,
    });
  });

  it('knows what was appended the moment before, of which its view has nothing', async () => {
    const room = randomUUID();
    await tell(room, 'member_added', ANN);
    expect(await run(add(room, BEN))).toMatchObject({ versions: [2n], members: [ANN, BEN] });
    await tell(room, 'member_added', CEM);
    await expect(run(add(room, randomUUID()))).rejects.toMatchObject({ code: 'NOVA_TRY_FULL' });
    await tell(room, 'member_removed', ANN);
    expect(await run(add(room, ANN))).toMatchObject({ members: [BEN, CEM, ANN] });
  });

  it('refuses on old rows only after it has asked the log', async () => {
    const room = randomUUID();
    await tell(room, 'member_added', ANN, BEN, CEM);
    await tell(room, 'member_removed', BEN);
    // Rows as they were when the room was full.
    const full = { conversation_id: room, members: [ANN, BEN, CEM] };
    const schema = consuming.consumer.status().generation;
    await store.database.query(
      `INSERT INTO views_g${schema}.room_view SELECT * FROM jsonb_populate_record(NULL::views_g${schema}.room_view, $1)`,
      [JSON.stringify(full)],
    );
    const { head } = await served.log.getLog({});
    await store.database.query(
      `INSERT INTO consumer_progress (consumer, generation, aggregate_type, aggregate_id,
         applied_version, epoch, position) VALUES ('views', $1, 'conversation', $2, 3, $3, 1)`,
      [schema, room, head.split('-')[0]],
    );
    const user = randomUUID();
    expect(await run(add(room, user))).toMatchObject({ members: [ANN, CEM, user] });
  });

  it('answers a retry with what it answered first, whatever has happened since', async () => {
    const room = randomUUID();
    const [added, unchanged] = [randomUUID(), randomUUID()];
    const first = await run(add(room, ANN, added));
    const same = await run(add(room, ANN, unchanged));
    expect(same).toMatchObject({ versions: [], members: [ANN], replayed: false });
    await tell(room, 'member_removed', ANN);
    await tell(room, 'member_added', BEN, CEM, randomUUID());
    expect(await run(add(room, ANN, added))).toEqual({ ...first, replayed: true });
    expect(await run(add(room, ANN, unchanged))).toEqual({ ...same, replayed: true });
    await expect(run(add(room, BEN, added))).rejects.toMatchObject({
      code: 'NOVA_REQUEST_ID_REUSED',
    });
  });

  it('gives the last seat to one of many who ask at once', async () => {
    const room = randomUUID();
    await tell(room, 'member_added', ANN);
    const asked = Array.from({ length: 12 }, () => run(add(room, randomUUID())));
    const answers = await Promise.allSettled(asked);
    const seated = answers.filter(({ status }) => status === 'fulfilled');
    expect(seated).toHaveLength(SEATS - 1);
    for (const answer of answers) {
      if (answer.status === 'fulfilled') continue;
      expect(answer.reason).toMatchObject({ code: 'NOVA_TRY_FULL' });
    }
    const { events } = await served.events.getEventsByAggregate({ aggregateId: room });
    expect(events).toHaveLength(SEATS);
  });

  it('is refused at a parked aggregate, but for a retry', async () => {
    const room = randomUUID();
    const requestId = randomUUID();
    const first = await run(add(room, ANN, requestId));
    await park(room);
    await expect(run(add(room, BEN))).rejects.toMatchObject({ code: 'NOVA_AGGREGATE_PARKED' });
    expect(await run(add(room, ANN, requestId))).toEqual({ ...first, replayed: true });
  });
});

async function park(room: string) {
  await store.database.query(
    `INSERT INTO parked_aggregates (consumer, generation, aggregate_type, aggregate_id, state,
       failed_version, attempts, error_code, reason)
     VALUES ('views', $1, 'conversation', $2, 'parked', 1, 4, 'NOVA_TRY_FULL', 'poisoned')`,
    [consuming.consumer.status().generation, room],
  );
}

describe('a query of a service', () => {
  const membersOf = (room: string, token: string, remainingMs?: number) =>
    consuming.queries.run(callOf(remainingMs), token, async (views) => {
      const rows = await views.query<Room>('SELECT * FROM room_view WHERE conversation_id = $1', [
        room,
      ]);
      return rows[0]?.members;
    });

  it('reads the serving generation, and waits for no longer than it may', async () => {
    expect(await membersOf(SHOWN, '')).toEqual([ANN, BEN]);
    const { consistencyToken } = await run(add(randomUUID(), ANN));
    const watch = stopwatch();
    await expect(membersOf(SHOWN, consistencyToken, 400)).rejects.toMatchObject({
      code: 'NOVA_VIEW_BEHIND',
    });
    expect(watch.ms()).toBeLessThan(400);
  });

  it('waits for what a command without change was decided on', async () => {
    // Decided on the row of the view alone.
    const still = await run(add(STILL, ANN, randomUUID()));
    expect(await membersOf(STILL, still.consistencyToken)).toEqual([ANN]);
    expect(still).toMatchObject({ versions: [], members: [ANN] });
    // Decided on the third member too, whom the view lacks.
    const newer = await run(add(SHOWN, CEM));
    expect(newer).toMatchObject({ versions: [], members: [ANN, BEN, CEM] });
    await expect(membersOf(SHOWN, newer.consistencyToken, 150)).rejects.toMatchObject({
      code: 'NOVA_VIEW_BEHIND',
    });
  });

  it('tells of a parked aggregate and of a lost log at once', async () => {
    const room = randomUUID();
    const { consistencyToken } = await run(add(room, ANN));
    await park(room);
    await expect(membersOf(room, consistencyToken)).rejects.toMatchObject({
      code: 'NOVA_VIEW_BLOCKED',
    });
    const foreign = encodeToken(
      (decodeToken(consistencyToken) ?? []).map((entry) => ({ ...entry, epoch: 'lost' })),
    );
    await expect(membersOf(room, foreign)).rejects.toMatchObject({ code: 'NOVA_TOKEN_LOST' });
  });

  it('can change nothing', async () => {
    const write = consuming.queries.run(callOf(), '', (views) =>
      views.query('DELETE FROM room_view'),
    );
    await expect(write).rejects.toThrow();
    expect(await membersOf(SHOWN, '')).toEqual([ANN, BEN]);
  });
});

describe('ops.OpsService of a service', () => {
  const clientAs = (metadata: Record<string, string>) =>
    createClient(OpsService, { address: service.grpcAddress ?? '', deadlineMs: 5000, metadata });

  it('is there by itself, for operators only', async () => {
    const nobody = clientAs({ 'x-user-id': ANN });
    await expect(nobody.listConsumers({})).rejects.toMatchObject({ status: 'PERMISSION_DENIED' });
    nobody.close();
    const health = createClient(Health, { address: service.grpcAddress ?? '', deadlineMs: 5000 });
    const serves = async (name: string) => {
      const { status } = await health.check({ service: name });
      // Which part, and why: views that are open show at the next look of a probe, within a second.
      if (status !== 1) throw new Error(JSON.stringify(service.readiness.health()));
      return true;
    };
    for (const name of ['', 'readiness', 'ops.OpsService']) {
      await waitFor(() => serves(name), { withinMs: 5000, what: `health of '${name}'` });
    }
    health.close();
  });

  it('tells how the consumer is doing and what became of an event', async () => {
    const ops = clientAs({});
    const { consumers } = await ops.listConsumers({});
    expect(consumers).toMatchObject([
      {
        service: 'rooms',
        consumer: 'views',
        groupId: 'nova.rooms.views',
        phase: ConsumerPhase.RUNNING,
        generation: 1,
        eventTypes: TYPES,
      },
    ]);
    const { events } = await served.events.getEventsByAggregate({ aggregateId: SHOWN });
    const [applied, , waiting] = events;
    const state = async (eventId = '') => (await ops.getDeliveryState({ eventId })).states[0];
    expect(await state(applied?.eventId)).toMatchObject({
      condition: DeliveryCondition.APPLIED,
      appliedVersion: 2n,
    });
    expect(await state(waiting?.eventId)).toMatchObject({ condition: DeliveryCondition.WAITING });
    const other = await served.events.publishEvent({
      eventType: 'message_created',
      aggregateId: SHOWN,
      payload: { message_id: randomUUID(), sender_id: ANN, content: 'hello' },
    });
    expect(await state(other.event?.eventId)).toMatchObject({
      condition: DeliveryCondition.NOT_SUBSCRIBED,
    });
    const whole = await ops.getDeliveryState({
      aggregateType: 'conversation',
      aggregateId: SHOWN,
    });
    expect(whole).toMatchObject({ aggregateVersion: 0n, states: [{ appliedVersion: 2n }] });
    await expect(ops.getDeliveryState({ eventId: randomUUID() })).rejects.toMatchObject({
      reason: 'EVENT_NOT_FOUND',
    });
    await expect(
      ops.getDeliveryState({ aggregateId: 'x', aggregateVersion: -1n }),
    ).rejects.toMatchObject({
      violations: [{ field: 'aggregate_type' }, { field: 'aggregate_version' }],
    });
    ops.close();
  });

  it('lists what is parked, page by page, oldest first', async () => {
    const ops = clientAs({});
    const rooms = [randomUUID(), randomUUID(), randomUUID()];
    for (const room of rooms) await park(room);
    const seen: string[] = [];
    let pageToken = '';
    do {
      const page = await ops.listParked({ pageSize: 2, pageToken });
      expect(page.aggregates.length).toBeLessThanOrEqual(2);
      seen.push(...page.aggregates.map(({ aggregateId }) => aggregateId));
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    expect(seen.slice(-3)).toEqual(rooms);
    expect(new Set(seen).size).toBe(seen.length);
    await expect(ops.listParked({ pageToken: 'made up' })).rejects.toMatchObject({
      violations: [{ field: 'page_token' }],
    });
    ops.close();
  });
});
