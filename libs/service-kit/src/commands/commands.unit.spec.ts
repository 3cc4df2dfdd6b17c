import { describe, expect, it } from '@jest/globals';
import type { BasisMark, DecisionBasis } from '@nova/consumer';
import { defineErrors, NovaError } from '@nova/errors';
import { decodeToken, requestEventId, type StoredEvent } from '@nova/events';
import { defineView, on } from '@nova/projection';
import { PublishEventRequestSchema } from '@nova/proto/gen/events/events_service_pb';
import { MemberAddedSchema } from '@nova/proto/gen/messaging/conversation_events_pb';
import { create } from '@nova/proto/runtime';
import type { Call } from '@nova/rpc';
import { silentLogger } from '@nova/telemetry';
import { systemClock } from '@nova/time';
import { type CommandSpec, rowRef } from './command-spec.ts';
import { createCommands } from './commands.ts';
import { failure, type MemoryLog, memoryLog } from './memory-log.rig.spec.ts';

const ROOM = '550e8400-e29b-41d4-a716-446655440000';
const [ANN, BEN] = ['11111111-2222-4333-8444-555555555555', '22222222-2222-4333-8444-555555555555'];
const REQUEST = '7d5a0000-0000-4000-8000-000000000001';
const METHOD = 'messaging.MessagingService/AddMember';

const rules = defineErrors({
  TRY_FULL: {
    message: 'the room is full',
    status: 'FAILED_PRECONDITION',
    retry: 'never',
    blame: 'caller',
    hint: 'Leave it.',
  },
});

interface Room {
  readonly conversation_id: string;
  readonly members: readonly string[];
}

const rooms = defineView<Room, 'conversation_id'>({
  name: 'room_view',
  version: 1,
  table: new URL('file:///nowhere.sql'),
  key: ['conversation_id'],
  handlers: [on(MemberAddedSchema, { keys: () => [], fold: (row) => row })],
});

/** What the view shows of the log: its first `shown` events. */
function basisOver(log: MemoryLog, shown: number, marked: Partial<BasisMark> = {}) {
  let members: readonly string[] = [];
  let mark: BasisMark = {
    version: 0n,
    epoch: '',
    position: 0n,
    isParked: false,
    isLost: false,
    ...marked,
  };
  const basis: DecisionBasis = {
    eventTypes: new Set(['member_added', 'member_removed']),
    markOf: () => mark,
    row: () => ({ conversation_id: ROOM, members: [...members] }),
    fold(event: StoredEvent) {
      const payload = Buffer.from(event.payload).toString();
      const { user_id: user } = JSON.parse(payload) as { readonly user_id: string };
      const others = members.filter((one) => one !== user);
      members = event.eventType === 'member_added' ? [...others, user] : others;
      mark = { ...mark, ...event.position, version: event.aggregateVersion };
    },
  };
  for (const event of log.events.slice(0, shown)) basis.fold(event);
  return { basis: () => Promise.resolve(basis) };
}

function callOf(given: Partial<Call> = {}): Call {
  return {
    caller: { principal: ANN, userId: ANN, roles: new Set(), actsForOthers: false },
    method: METHOD,
    correlationId: 'c1',
    signal: new AbortController().signal,
    remainingMs: () => 5000,
    headers: { all: () => [] },
    peer: 'here',
    logger: silentLogger,
    ...given,
  };
}

type Answer = { readonly versions: bigint[]; readonly note: unknown };

/** Adds a member unless there already; a room has two at most. */
function addMember(userId: string, requestId = ''): CommandSpec<Answer> {
  return {
    schema: PublishEventRequestSchema,
    request: create(PublishEventRequestSchema, { requestId, aggregateId: userId }),
    requestId,
    decidedBy: [
      { aggregateType: 'conversation', aggregateId: ROOM, eventTypes: ['member_added'] },
      { aggregateType: 'conversation', aggregateId: ROOM, eventTypes: ['member_removed'] },
    ],
    rows: [rowRef(rooms, { conversation_id: ROOM })],
    decide(rows, ids) {
      const members = rows.get(rooms, { conversation_id: ROOM })?.members ?? [];
      if (members.includes(userId)) return { events: [], reply: { note: 'was there' } };
      if (members.length === 2) throw new NovaError(rules.TRY_FULL);
      const event = { schema: MemberAddedSchema, aggregateId: ROOM, payload: { user_id: userId } };
      return { events: [event], reply: { note: ids.next() } };
    },
    answer: ({ events, reply }) => ({
      versions: events.map(({ aggregateVersion }) => aggregateVersion),
      note: reply['note'],
    }),
  };
}

function run(
  log: MemoryLog,
  shown: number,
  spec: CommandSpec<Answer>,
  call = callOf(),
  marked: Partial<BasisMark> = {},
) {
  const consumer = basisOver(log, shown, marked);
  return createCommands({ consumer, log, clock: systemClock }).run(call, spec);
}

function logWith(...members: string[]): MemoryLog {
  const log = memoryLog();
  for (const user_id of members) log.tell('member_added', ROOM, { user_id });
  return log;
}

describe('a command', () => {
  it('appends what was decided, and answers with it and its token', async () => {
    const log = logWith(ANN);
    const answer = await run(log, 1, addMember(BEN));
    expect(answer).toMatchObject({ versions: [2n], consistencyToken: 'token 2', replayed: false });
    expect(log.calls).toEqual({ append: 1, resolve: 0 });
  });

  it('gets its stored answer again, also when it would be refused by now', async () => {
    const log = logWith();
    const first = await run(log, 0, addMember(BEN, REQUEST));
    log.tell('member_removed', ROOM, { user_id: BEN });
    for (const user_id of [ANN, REQUEST]) log.tell('member_added', ROOM, { user_id });
    const again = { ...first, replayed: true };
    // Seeing nothing of it, all of it, and when nobody can decide any more.
    expect(await run(log, 0, addMember(BEN, REQUEST))).toEqual(again);
    expect(await run(log, 4, addMember(BEN, REQUEST))).toEqual(again);
    const parked = { isParked: true };
    expect(await run(log, 0, addMember(BEN, REQUEST), callOf(), parked)).toEqual(again);
    expect(log.events).toHaveLength(4);
  });

  it('refuses only what the log knows nothing newer about', async () => {
    const log = logWith(ANN, BEN);
    const spec = addMember(REQUEST);
    await expect(run(log, 2, spec)).rejects.toMatchObject({ code: 'NOVA_TRY_FULL' });
    expect(log.calls).toEqual({ append: 0, resolve: 1 });
    // The view does not show yet that there is room again.
    log.tell('member_removed', ROOM, { user_id: ANN });
    expect(await run(log, 2, spec)).toMatchObject({ versions: [4n] });
  });

  it('decides again on what came between, however much it is', async () => {
    const log = logWith(ANN);
    log.page = 1;
    log.before.push(() => {
      log.tell('member_removed', ROOM, { user_id: ANN });
      log.tell('member_added', ROOM, { user_id: BEN });
    });
    expect(await run(log, 1, addMember(BEN))).toMatchObject({ versions: [], note: 'was there' });
    expect(log.calls).toEqual({ append: 2, resolve: 1 });
  });

  it('lets one of two that contradict each other win, and the other decide anew', async () => {
    const log = logWith(ANN);
    const others = [BEN, REQUEST].map((user) => run(log, 1, addMember(user)));
    const [won, lost] = await Promise.allSettled(others);
    expect(won).toMatchObject({ status: 'fulfilled' });
    expect(lost).toMatchObject({ status: 'rejected', reason: { code: 'NOVA_TRY_FULL' } });
    expect(log.events).toHaveLength(2);
  });

  it('stores that nothing had to change, with a token of what it was decided on', async () => {
    const log = logWith(ANN, BEN);
    const first = await run(log, 2, addMember(BEN, REQUEST));
    expect(first).toMatchObject({ versions: [], note: 'was there', replayed: false });
    expect(decodeToken(first.consistencyToken)).toEqual([
      {
        aggregateType: 'conversation',
        aggregateId: ROOM,
        epoch: 'e1',
        position: 2n,
        versions: { member_added: 2n, member_removed: 2n },
      },
    ]);
    expect(log.events).toHaveLength(2);
    const again = { ...first, replayed: true };
    expect(await run(log, 0, addMember(BEN, REQUEST))).toEqual(again);
    expect(await run(log, 2, addMember(BEN, REQUEST), callOf(), { isParked: true })).toEqual(again);
  });

  it('makes the same ids for the same request, and others for another caller', async () => {
    const id = (principal: string, index: number) =>
      requestEventId(principal, METHOD, REQUEST, index);
    const one = logWith();
    // Decided twice, of which nothing is seen in the ids.
    one.before.push(() => one.tell('member_added', ROOM, { user_id: ANN }));
    const answer = await run(one, 0, addMember(BEN, REQUEST));
    expect(answer.note).toBe(id(ANN, 500));
    expect(one.events.at(-1)?.eventId).toBe(id(ANN, 0));
    const caller = { ...callOf().caller, principal: BEN };
    const other = await run(logWith(), 0, addMember(BEN, REQUEST), callOf({ caller }));
    expect(other.note).toBe(id(BEN, 500));
  });

  it('is refused at a parked aggregate', async () => {
    const log = logWith(ANN);
    const call = run(log, 1, addMember(BEN, REQUEST), callOf(), { isParked: true });
    await expect(call).rejects.toMatchObject({
      code: 'NOVA_AGGREGATE_PARKED',
      kind: { status: 'FAILED_PRECONDITION' },
    });
    expect(log.events).toHaveLength(1);
  });

  it('waits for rows that the log has lost', async () => {
    const call = run(logWith(ANN), 1, addMember(BEN), callOf(), { isLost: true });
    await expect(call).rejects.toMatchObject({ kind: { status: 'UNAVAILABLE' } });
  });

  it('gives up where others are always faster, before its deadline', async () => {
    const log = logWith();
    log.before.push(
      ...Array.from({ length: 5000 }, () => () => {
        log.tell('member_removed', ROOM, { user_id: BEN });
      }),
    );
    // Each look at the clock takes 5 ms, however fast or busy this machine is.
    let nowMs = 0;
    const monotonicMs = () => {
      nowMs += 5;
      return nowMs;
    };
    const call = callOf({ remainingMs: () => 300 });
    const spec = { ...addMember(BEN), decide: () => addMember(BEN).decide(nothing, noIds) };
    const clock = { ...systemClock, monotonicMs };
    const commands = createCommands({ consumer: basisOver(log, 0, {}), log, clock });
    await expect(commands.run(call, spec)).rejects.toMatchObject({
      code: 'NOVA_COMMAND_CONTENDED',
    });
    expect(nowMs).toBeLessThan(300);
    expect(log.calls.append).toBeGreaterThan(3);
  });

  it.each([
    ['a request id that is none', addMember(BEN, 'x'), ['request_id']],
    ['a request id in upper case', addMember(BEN, REQUEST.toUpperCase()), ['request_id']],
  ])('refuses %s', async (_, spec, fields) => {
    const refusal = await run(logWith(), 0, spec).catch((thrown: NovaError) => thrown);
    expect(refusal).toMatchObject({
      code: 'NOVA_REQUEST_INVALID',
      violations: fields.map((field) => ({ field })),
    });
  });

  it('tells that its request id was used for another request', async () => {
    const log = logWith();
    await run(log, 0, addMember(ANN, REQUEST));
    await expect(run(log, 0, addMember(BEN, REQUEST))).rejects.toMatchObject({
      code: 'NOVA_REQUEST_ID_REUSED',
      violations: [{ field: 'request_id' }],
    });
  });

  it('passes on what the log has against a payload, under the names that callers know', async () => {
    const log = logWith();
    const fails = (thrown: Error) => {
      const failing = { ...log, append: () => Promise.reject(thrown) };
      return run(failing, 0, addMember(BEN));
    };
    const fields = (given: string[]) => fails(failure('INVALID_ARGUMENT', 'EVENT_INVALID', given));
    await expect(fields(['events[0].payload.content'])).rejects.toMatchObject({
      code: 'NOVA_REQUEST_INVALID',
      violations: [{ field: 'content' }],
    });
    // The payload as a whole, which is larger than an event may be.
    await expect(fields(['events[0].payload'])).rejects.toMatchObject({
      code: 'NOVA_REQUEST_INVALID',
      violations: [{ field: 'request' }],
    });
    await expect(fields(['events[0].payload', 'events[0].aggregate_id'])).rejects.toMatchObject({
      code: 'NOVA_SERVICE_LOG_REFUSED',
    });
    await expect(fields(['events[0].aggregate_id'])).rejects.toMatchObject({
      code: 'NOVA_SERVICE_LOG_REFUSED',
    });
    await expect(fails(failure('UNAVAILABLE', ''))).rejects.toMatchObject({
      code: 'NOVA_SERVICE_LOG_UNAVAILABLE',
    });
  });

  it('may name only types that the views are made of', async () => {
    const decidedBy = [
      { aggregateType: 'conversation', aggregateId: ROOM, eventTypes: ['message_created'] },
    ];
    await expect(run(logWith(), 0, { ...addMember(BEN), decidedBy })).rejects.toThrow(TypeError);
  });
});

const nothing = { get: () => undefined, now: '' };
const noIds = { next: () => '' };
