import { describe, expect, it } from '@jest/globals';
import { laneOf, partitionOf, recordHeaders, type StoredEvent, topicOf } from '@nova/events';
import {
  applyEvent,
  decodeEvent,
  planEvent,
  RowSet,
  rowName,
  type ViewTable,
} from '@nova/projection';
import fc from 'fast-check';
import { byAggregate, type Delivery, deliveryOf } from './delivery.ts';
import { lateFor, merge } from './fill.ts';
import { HoldingPen } from './holding-pen.ts';
import { Intake } from './intake.ts';
import { guardOrder, missingTypes } from './order-guard.ts';
import { regulate } from './regulate.ts';
import type { HeldBack } from './round.ts';
import { schemasOf } from './schemas.ts';
import { consumerDefaults } from './settings.ts';
import { rooms } from './testing/rooms.ts';

const SUBSCRIBED = ['conversation_created', 'member_added', 'message_created'];
const NEVER = 'conversation_cleared_elsewhere';
const PARTITIONS = 4;
const HOLD_MS = 200;
const ROOMS = [0, 1, 2, 3].map((n) => `0${n}9c1d2e-0000-4000-8000-00000000000${n}`);
const schemas = schemasOf({ views: [rooms], effects: [] });
const table: ViewTable = {
  view: rooms,
  columns: ['conversation_id', 'title', 'messages', 'story'].map((name) => ({
    name,
    type: 'text',
  })),
  sql: { read: '', write: '', copy: '', remove: '', removeAggregates: '' },
};

/** A log of events whose aggregates and types were drawn. */
function logOf(draws: readonly { room: number; type: number }[]): StoredEvent[] {
  const last = new Map<string, Record<string, bigint>>();
  const versions = new Map<string, bigint>();
  const counts = new Map<string, bigint>();
  return draws.map(({ room, type }, index) => {
    const aggregateId = ROOMS[room] ?? '';
    const eventType = [...SUBSCRIBED, NEVER][type] ?? NEVER;
    const previous = last.get(aggregateId) ?? {};
    const aggregateVersion = (versions.get(aggregateId) ?? 0n) + 1n;
    const typeSequence = (counts.get(aggregateId + eventType) ?? 0n) + 1n;
    counts.set(aggregateId + eventType, typeSequence);
    versions.set(aggregateId, aggregateVersion);
    last.set(aggregateId, { ...previous, [eventType]: aggregateVersion });
    return {
      position: { epoch: 'e', position: BigInt(index + 1) },
      eventId: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
      eventType,
      schemaVersion: 1,
      aggregateType: 'conversation',
      aggregateId,
      aggregateVersion,
      typeSequence,
      previous,
      lane: laneOf(aggregateId),
      payload: Buffer.from('{}'),
      source: '/nova/spec',
      occurredAt: '2026-01-01T00:00:00.000000Z',
      storedAt: '2026-01-01T00:00:00.000000Z',
      annotations: {},
    };
  });
}

/** A consumer without a database: intake, guard, pen and folds as they are, marks in a map. */
class Model {
  readonly intake = new Intake();
  readonly pen = new HoldingPen(HOLD_MS, 30);
  readonly rows = new RowSet();
  readonly marks = new Map<string, bigint>();
  readonly topics = new Map<string, StoredEvent[]>();
  readonly delivered = new Map<string, number>();
  readonly log: readonly StoredEvent[];
  logReads = 0;
  held = 0;
  applied = 0;
  nowMs = 0;

  constructor(log: readonly StoredEvent[]) {
    this.log = log;
    for (const event of log) {
      if (!SUBSCRIBED.includes(event.eventType)) continue;
      const key = this.#placeOf(event);
      this.topics.set(key, [...(this.topics.get(key) ?? []), event]);
    }
    for (const key of this.topics.keys()) this.intake.assign(tp(key), undefined);
  }

  #placeOf(event: StoredEvent): string {
    return `${topicOf(event.eventType)}:${partitionOf(event.aggregateId, PARTITIONS)}`;
  }

  /** Delivers the next records of a partition. */
  deliver(key: string, count: number): void {
    const events = this.topics.get(key) ?? [];
    const from = this.delivered.get(key) ?? 0;
    const batch = events.slice(from, from + count);
    this.delivered.set(key, from + batch.length);
    this.intake.take({
      ...tp(key),
      generation: 1,
      highWatermark: BigInt(events.length),
      records: batch.map((event, index) => ({
        offset: BigInt(from + index),
        key: event.aggregateId,
        value: event.payload,
        headers: recordHeaders(event),
        timestamp: 0,
      })),
    });
  }

  /** Delivers a partition again from some way back, as after a restart. */
  rewind(key: string, back: number): void {
    const from = Math.max(0, (this.delivered.get(key) ?? 0) - back);
    this.delivered.set(key, from);
    this.intake.revoke([tp(key)]);
    this.pen.dropRevoked();
    this.intake.assign(tp(key), undefined);
    this.intake.get(tp(key))?.restart(BigInt(from));
  }

  round(): void {
    const due = this.pen.due(this.nowMs, ({ eventType }, { event }) => {
      const partition = partitionOf(event.aggregateId, PARTITIONS);
      return this.intake.get({ topic: topicOf(eventType), partition })?.isDrained() ?? true;
    });
    const { deliveries } = this.intake.round({ events: 10, bytes: 1e6 });
    const fresh = [...deliveries, ...this.intake.pull(due)];
    const touched = new Set([...fresh.map(({ aggregate }) => aggregate), ...due]);
    const held = [...touched].flatMap((aggregate) => this.pen.deliveriesOf(aggregate));
    const result: HeldBack[] = [];
    for (const [aggregate, group] of byAggregate([...held, ...fresh])) {
      result.push(...this.#judge(aggregate, this.#fill(aggregate, group, due)));
    }
    this.held += result.length;
    this.pen.judged(touched, result, this.nowMs);
  }

  #fill(aggregate: string, group: Delivery[], due: ReadonlySet<string>): readonly Delivery[] {
    const mark = this.marks.get(aggregate) ?? 0n;
    if (!due.has(aggregate)) return group;
    if (guardOrder(mark, new Set(SUBSCRIBED), group).missing === undefined) return group;
    this.logReads += 1;
    const types = missingTypes(mark, new Set(SUBSCRIBED), group);
    const late = this.log.filter(
      (event) =>
        `${event.aggregateType}/${event.aggregateId}` === aggregate &&
        event.aggregateVersion > mark &&
        types.includes(event.eventType),
    );
    return merge(group, lateFor(group, late));
  }

  #judge(aggregate: string, group: readonly Delivery[]): HeldBack[] {
    const mark = this.marks.get(aggregate) ?? 0n;
    const { apply, duplicates, held, missing } = guardOrder(mark, new Set(SUBSCRIBED), group);
    for (const { event } of apply) {
      const schema = schemas.get(event.eventType);
      if (schema === undefined) throw new Error('no schema');
      applyEvent(this.rows, planEvent([table], decodeEvent(event, schema)));
      this.marks.set(aggregate, event.aggregateVersion);
      this.applied += 1;
    }
    const settled = [...apply, ...duplicates].flatMap(({ entry }) => entry ?? []);
    this.intake.settle(new Set(settled));
    const appliedVersion = this.marks.get(aggregate) ?? 0n;
    return missing === undefined ? [] : [{ aggregate, deliveries: held, missing, appliedVersion }];
  }

  /** Delivers whatever is left and lets time pass until nothing waits. */
  finish(): void {
    for (let turn = 0; turn < 100; turn += 1) {
      for (const key of this.topics.keys()) this.deliver(key, 1000);
      this.nowMs += 100;
      this.round();
      if (this.unsettled() === 0n && this.pen.size() === 0) return;
    }
  }

  view(): unknown[] {
    return ROOMS.map((id) => this.rows.get(rowName(table, { conversation_id: id })));
  }

  unsettled(): bigint {
    return this.intake.partitions().reduce((sum, partition) => sum + partition.lag(), 0n);
  }
}

function tp(key: string) {
  const [topic = '', partition = ''] = key.split(':');
  return { topic, partition: Number(partition) };
}

/** The first event of a room that is in another partition than those of a log. */
function roomOfAnotherPartition([first]: readonly StoredEvent[]): StoredEvent {
  const taken = partitionOf(first?.aggregateId ?? '', PARTITIONS);
  const room = ROOMS.findIndex((id) => partitionOf(id, PARTITIONS) !== taken);
  const [event] = logOf([{ room, type: 2 }]);
  if (room < 0 || event === undefined) throw new Error('all rooms are in one partition');
  return { ...event, eventId: crypto.randomUUID() };
}

/** The view of a log that is folded as it stands. */
function inOrder(log: readonly StoredEvent[]): unknown[] {
  const model = new Model(log);
  const own = log.filter(({ eventType }) => SUBSCRIBED.includes(eventType));
  for (const event of own) {
    const schema = schemas.get(event.eventType);
    if (schema !== undefined)
      applyEvent(model.rows, planEvent([table], decodeEvent(event, schema)));
  }
  return model.view();
}

const logs = fc
  .array(fc.record({ room: fc.nat(3), type: fc.nat(3) }), { minLength: 1, maxLength: 40 })
  .map(logOf);
interface Step {
  readonly kind: string;
  readonly at: number;
  readonly count: number;
}

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant('deliver'),
      at: fc.nat(11),
      count: fc.integer({ min: 1, max: 5 }),
    }),
    fc.record({
      kind: fc.constant('rewind'),
      at: fc.nat(11),
      count: fc.integer({ min: 1, max: 9 }),
    }),
    fc.record({ kind: fc.constant('round'), at: fc.constant(0), count: fc.constant(0) }),
    fc.record({
      kind: fc.constant('wait'),
      at: fc.constant(0),
      count: fc.integer({ min: 1, max: 300 }),
    }),
  ),
  { maxLength: 40 },
);

function play(model: Model, { kind, at, count }: Step): void {
  const keys = [...model.topics.keys()];
  const key = keys[at % Math.max(1, keys.length)];
  if (key === undefined) return;
  if (kind === 'deliver') model.deliver(key, count);
  else if (kind === 'rewind') model.rewind(key, count);
  else if (kind === 'wait') model.nowMs += count;
  else model.round();
}

describe('deliveries in any order', () => {
  it('give the view of the log in order: 1,000 interleavings with delay, repetition and rewinds', () => {
    fc.assert(
      fc.property(logs, steps, (log, given) => {
        const model = new Model(log);
        for (const step of given) play(model, step);
        model.finish();
        expect(model.view()).toEqual(inOrder(log));
        expect(model.unsettled()).toBe(0n);
        expect(model.pen.size()).toBe(0);
      }),
      { numRuns: 1000 },
    );
  });

  it('cause no wait and no read from the log when nothing was out of order, whatever is not subscribed', () => {
    fc.assert(
      fc.property(logs, (log) => {
        const model = new Model(log);
        for (const event of log) {
          const key = `${topicOf(event.eventType)}:${partitionOf(event.aggregateId, PARTITIONS)}`;
          if (model.topics.has(key)) model.deliver(key, 1);
          model.round();
        }
        expect(model.held).toBe(0);
        expect(model.logReads).toBe(0);
        expect(model.view()).toEqual(inOrder(log));
      }),
      { numRuns: 300 },
    );
  });

  it('can all go on with the late events of the types that are named missing', () => {
    const subscribed = new Set(SUBSCRIBED);
    const here = fc.array(fc.boolean(), { minLength: 40, maxLength: 40 });
    fc.assert(
      fc.property(logs, here, fc.nat(10), (log, isHere, applied) => {
        const own = log.filter(
          ({ aggregateId, eventType }) => aggregateId === ROOMS[0] && subscribed.has(eventType),
        );
        const mark = own[applied]?.aggregateVersion ?? 0n;
        const open = own.filter(({ aggregateVersion }) => aggregateVersion > mark);
        const group = open.filter((_, index) => isHere[index]).map((event) => deliveryOf(event));
        const types = missingTypes(mark, subscribed, group);
        const late = open.filter(({ eventType }) => types.includes(eventType));
        const { missing, apply } = guardOrder(mark, subscribed, merge(group, lateFor(group, late)));
        expect(missing).toBeUndefined();
        expect(apply.map(({ event }) => event)).toEqual(
          expect.arrayContaining(group.map(({ event }) => event)),
        );
        if (guardOrder(mark, subscribed, group).missing === undefined) expect(types).toEqual([]);
      }),
      { numRuns: 1000 },
    );
  });

  it('are taken in the order of the log as far as they are here, though each topic comes as a whole', () => {
    fc.assert(
      fc.property(logs, (log) => {
        const model = new Model(log);
        for (const key of model.topics.keys()) model.deliver(key, 1000);
        for (let turn = 0; turn < 5; turn += 1) model.round();
        expect(model.held).toBe(0);
        expect(model.view()).toEqual(inOrder(log));
      }),
      { numRuns: 300 },
    );
  });

  it('wait one round for older ones of a topic that has run out and has more', () => {
    const types = [1, 2, 2, 1, 2, 1];
    const model = new Model(logOf(types.map((type) => ({ room: 0, type }))));
    for (const key of model.topics.keys()) {
      model.deliver(key, key.startsWith(topicOf('message_created')) ? 1 : 1000);
    }
    model.round();
    expect(model.applied).toBe(2);
    expect(model.held).toBe(0);
    for (const key of model.topics.keys()) model.deliver(key, 1000);
    model.round();
    expect(model.applied).toBe(types.length);
    expect(model.held).toBe(0);
  });

  it('of a partition that is far behind hold up no other partition', () => {
    const behind = logOf(Array.from({ length: 100 }, () => ({ room: 0, type: 2 })));
    const fresh = { ...roomOfAnotherPartition(behind), position: { epoch: 'e', position: 999n } };
    const model = new Model([...behind, fresh]);
    for (const key of model.topics.keys()) model.deliver(key, 1000);
    model.round();
    expect(model.marks.get(`conversation/${fresh.aggregateId}`)).toBe(1n);
    expect(model.applied).toBe(10);
  });

  it('give the same view when aggregates are shuffled against each other', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ room: fc.nat(3), type: fc.nat(3) }), { minLength: 1, maxLength: 40 }),
        fc.array(fc.nat(), { minLength: 4, maxLength: 4 }),
        (draws, ranks) => {
          const rank = (room: number) => ranks[room] ?? 0;
          const shuffled = [...draws].sort((a, b) => rank(a.room) - rank(b.room));
          const model = new Model(logOf(shuffled));
          model.finish();
          expect(model.view()).toEqual(inOrder(logOf(draws)));
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('partitions', () => {
  const MESSAGES = topicOf('message_created');
  const MEMBERS = topicOf('member_added');

  /** Two topics, of which so many records wait, and which of them are paused when ten are too many. */
  function regulated(messages: number, members: number) {
    const types = [...Array<number>(messages).fill(2), ...Array<number>(members).fill(1)];
    const model = new Model(logOf(types.map((type) => ({ room: 0, type }))));
    const { intake } = model;
    for (const key of model.topics.keys()) model.deliver(key, 1000);
    if (members === 0) intake.assign({ topic: MEMBERS, partition: 0 }, undefined);
    const paused = new Set<string>();
    const source = {
      pause: ([one]: readonly { readonly topic: string }[]) => paused.add(one?.topic ?? ''),
      resume: ([one]: readonly { readonly topic: string }[]) => paused.delete(one?.topic ?? ''),
    };
    const settings = { ...consumerDefaults, bufferEvents: 10 };
    const regulateNow = () => {
      regulate({ intake, settings, source: () => source, isStarting: () => false });
      return [...paused].toSorted();
    };
    return { intake, regulateNow };
  }

  it.each([
    [9, 0, []],
    [10, 0, [MESSAGES]],
    [9, 1, [MEMBERS, MESSAGES]],
    [20, 0, [MEMBERS, MESSAGES]],
  ])(
    'of which %i and %i records wait pause when ten are too many: %j',
    (messages, members, paused) => {
      expect(regulated(messages, members).regulateNow()).toEqual(paused);
    },
  );

  it('go on when half of it is gone, and sooner when nothing of them waits', () => {
    const { intake, regulateNow } = regulated(20, 0);
    const leave = (count: number) => {
      const messages = intake.partitions().find(({ topic }) => topic === MESSAGES);
      messages?.waiting.splice(count);
      return regulateNow();
    };
    regulateNow();
    expect(leave(11)).toEqual([MEMBERS, MESSAGES]);
    expect(leave(10)).toEqual([MESSAGES]);
    expect(leave(6)).toEqual([MESSAGES]);
    expect(leave(5)).toEqual([]);
  });
});
