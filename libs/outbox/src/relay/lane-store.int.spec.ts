import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { newEventId } from '@nova/events';
import { type TestDatabase, testDatabase } from '@nova/testkit';
import { append, outboxMigrations } from '../index.ts';
import { laneStore } from './lane-store.ts';

let test: TestDatabase;

beforeAll(async () => {
  test = await testDatabase({ migrations: [{ owner: 'outbox', dir: outboxMigrations }] });
  const events = Array.from({ length: 20 }, () => saying(newEventId(), 'well'));
  await append(test.database, [{ conditions: [], mode: 'atomic', events }]);
  await test.database.query("UPDATE outbox_log_state SET epoch = 'now'");
}, 60_000);
afterAll(() => test.drop());
beforeEach(async () => {
  await test.database.query('DELETE FROM outbox_relays');
  await test.database.query(
    'UPDATE outbox_lanes SET owner = NULL, term = 0, lease_until = NULL, position = 0',
  );
});

const saying = (eventId: string, aggregateId: string) => ({
  ...{ eventId, eventIdGiven: false, eventType: 'message_created', schemaVersion: 1 },
  ...{ aggregateType: 'conversation', aggregateId, payload: Buffer.from('{}') },
  ...{ source: '/nova/spec', annotations: {} },
});
const store = (relayId: string, leaseMs = 60_000) => laneStore(test.database, relayId, leaseMs);
const endLeases = () =>
  test.database.query(`UPDATE outbox_lanes SET lease_until = clock_timestamp() - interval '1 ms'`);
const positionOf = async (lane: number) => {
  const [row] = await test.database.query<{ position: bigint }>(
    'SELECT position FROM outbox_lanes WHERE lane = $1',
    [lane],
  );
  return row?.position;
};

describe('the lane store', () => {
  it('claims free lanes only, each once and in a new term', async () => {
    const [first, second] = [store('first'), store('second')];
    const [a, b] = await Promise.all([first.claim(40), second.claim(40)]);
    const all = [...a, ...b].map(({ lane }) => lane);
    expect(new Set(all).size).toBe(all.length);
    const rest = await first.claim(64);
    expect(all.length + rest.length).toBe(64);
    expect([...a, ...b, ...rest].every(({ term }) => term === 1n)).toBe(true);
    expect(await second.claim(64)).toEqual([]);
    await endLeases();
    const taken = await second.claim(64);
    expect(taken).toHaveLength(64);
    expect(taken.every(({ term }) => term === 2n)).toBe(true);
  });

  it('renews what is held, and nothing that has ended or belongs to another term', async () => {
    const relay = store('relay');
    const [lane, other] = await relay.claim(2);
    if (lane === undefined || other === undefined) throw new Error('nothing claimed');
    const stale = { ...other, term: other.term - 1n };
    expect(await relay.renew([lane, stale])).toEqual(new Set([lane.lane]));
    expect(await store('thief').renew([lane])).toEqual(new Set());
    await endLeases();
    expect(await relay.renew([lane])).toEqual(new Set());
  });

  it('moves what is held forward', async () => {
    const relay = store('relay');
    const [lane] = await relay.claim(1);
    if (lane === undefined) throw new Error('nothing claimed');
    expect(await relay.advance([{ ...lane, position: 7n }], 'now')).toEqual(new Set([lane.lane]));
    expect(await relay.advance([{ ...lane, position: 5n }], 'now')).toEqual(new Set([lane.lane]));
    expect(await positionOf(lane.lane)).toBe(7n);
  });

  it('moves nothing in another term, for another relay, or after the lease has ended', async () => {
    const relay = store('relay');
    const [lane] = await relay.claim(1);
    if (lane === undefined) throw new Error('nothing claimed');
    const move = { ...lane, position: 9n };
    expect(await relay.advance([{ ...move, term: 2n }], 'now')).toEqual(new Set());
    expect(await store('thief').advance([move], 'now')).toEqual(new Set());
    await endLeases();
    expect(await relay.advance([move], 'now')).toEqual(new Set());
    await store('relay').claim(64);
    expect(await relay.advance([move], 'now')).toEqual(new Set());
    expect(await positionOf(lane.lane)).toBe(0n);
  });

  it('moves nothing that was reached in another epoch, and nothing past the end of the log', async () => {
    const relay = store('relay');
    const [lane, other] = await relay.claim(2);
    if (lane === undefined || other === undefined) throw new Error('nothing claimed');
    const moves = [{ ...lane, position: 9n }];
    expect(await relay.advance(moves, 'before')).toEqual(new Set([lane.lane]));
    expect(await positionOf(lane.lane)).toBe(0n);
    await relay.advance([{ ...other, position: 21n }], 'now');
    expect(await positionOf(other.lane)).toBe(20n);
  });

  it('gives back what is held in this term, and keeps the position', async () => {
    const [relay, heir] = [store('relay'), store('heir')];
    const lanes = await relay.claim(64);
    await relay.advance(
      lanes.map((lane) => ({ ...lane, position: 3n })),
      'now',
    );
    await heir.release(lanes);
    expect(await heir.claim(64)).toEqual([]);
    await relay.release(lanes);
    const taken = await heir.claim(64);
    expect(taken).toHaveLength(64);
    expect(taken.every(({ term, position }) => term === 2n && position === 3n)).toBe(true);
    await relay.release(lanes);
    expect(await heir.renew(taken)).toEqual(new Set(taken.map(({ lane }) => lane)));
  });

  it('counts the other relays that live', async () => {
    const [first, second, dead] = [store('first'), store('second'), store('dead', 0)];
    await dead.beat();
    expect(await first.beat()).toEqual({ others: 0 });
    expect(await second.beat()).toEqual({ others: 1 });
    expect(await first.beat()).toEqual({ others: 1 });
    await second.leave();
    expect(await first.beat()).toEqual({ others: 0 });
  });
});

describe('what the lane store has parked', () => {
  const parkedFor = (position: bigint, eventId: string, aggregateVersion: bigint) => ({
    lane: 0,
    aggregateType: 'conversation',
    aggregateId: 'ill',
    position,
    aggregateVersion,
    eventId,
    eventType: 'message_created',
    errorCode: 'NOVA_KAFKA_RECORD_REFUSED',
    reason: 'too large',
    attempts: 1,
  });
  let [parked, later] = [parkedFor(0n, '', 0n), parkedFor(0n, '', 0n)];
  const held = async (relayId: string) => {
    const claimed = await store(relayId).claim(64);
    const lane = claimed.find((one) => one.lane === 0);
    if (lane === undefined) throw new Error('lane 0 was not claimed');
    return lane;
  };
  beforeAll(async () => {
    const ids = [newEventId(), newEventId()];
    const events = ids.map((eventId) => saying(eventId, 'ill'));
    await append(test.database, [{ conditions: [], mode: 'atomic', events }]);
    const rows = await test.database.query<{ position: bigint; eventId: string }>(
      `SELECT position, event_id AS "eventId" FROM outbox_events
       WHERE aggregate_id = 'ill' ORDER BY position`,
    );
    const [first, second] = rows.map(({ position, eventId }, index) =>
      parkedFor(position, eventId, BigInt(index + 1)),
    );
    if (first === undefined || second === undefined) throw new TypeError('nothing was stored');
    [parked, later] = [first, second];
  });
  beforeEach(() => test.database.query('DELETE FROM outbox_parked'));

  it('is the earliest event of an aggregate, whichever is refused first', async () => {
    const lane = await held('relay');
    const relay = store('relay');
    for (const order of [
      [parked, later],
      [later, parked],
    ]) {
      for (const one of order) expect(await relay.park(lane, one, 0)).toBe(true);
      expect(await relay.parkedOf([0])).toEqual([parked]);
      expect(await relay.unpark(lane, parked)).toBe(true);
    }
  });

  it('goes on to a later event, is due in its time, and is told to who claims the lane', async () => {
    const lane = await held('relay');
    const relay = store('relay');
    await relay.park(lane, parked, 0);
    expect(await relay.parkedDue([0], 10)).toEqual([parked]);
    expect(await relay.parkedDue([1], 10)).toEqual([]);
    expect(await relay.repark(lane, later, 60_000)).toBe(true);
    expect(await relay.parkedDue([0], 10)).toEqual([]);
    await endLeases();
    expect((await held('heir')).parked).toEqual([later]);
  });

  it('is not changed by who does not hold the lane', async () => {
    const lane = await held('relay');
    await store('relay').park(lane, parked, 0);
    const thief = store('thief');
    expect(await thief.park(lane, { ...parked, aggregateId: 'other' }, 0)).toBe(false);
    expect(await thief.repark(lane, later, 0)).toBe(false);
    expect(await thief.unpark(lane, parked)).toBe(false);
    await endLeases();
    expect(await store('relay').unpark(lane, parked)).toBe(false);
    expect(await store('heir').parkedOf([0])).toEqual([parked]);
  });

  it('is not for an event that the log has lost, or has another one in place of', async () => {
    const lane = await held('relay');
    const relay = store('relay');
    expect(await relay.park(lane, { ...parked, eventId: newEventId() }, 0)).toBe(false);
    expect(await relay.park(lane, { ...later, position: later.position + 1n }, 0)).toBe(false);
    expect(await relay.parkedOf([0])).toEqual([]);
    expect(await relay.park(lane, parked, 0)).toBe(true);
    expect(await relay.repark(lane, { ...later, eventId: newEventId() }, 0)).toBe(false);
    expect(await relay.parkedOf([0])).toEqual([parked]);
  });
});
