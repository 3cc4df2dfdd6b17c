import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { waitFor } from '@nova/testkit';
import type { Consumer, LogPart } from '../index.ts';
import { ParkedRooms, told } from '../testing/parked-rooms.rig.spec.ts';
import { setPoisonous } from '../testing/rooms.ts';

let rig: ParkedRooms;

beforeEach(async () => {
  setPoisonous(true);
  rig = await ParkedRooms.open();
});
afterEach(() => rig.close());

const everything: LogPart = { eventTypes: [] };
const never = new AbortController().signal;

const shows = (consumer: Consumer, id: string, versions: number) =>
  waitFor(async () => (await rig.story(consumer, id)).length === versions, {
    withinMs: 30_000,
    what: `${versions} events of a room`,
  });

/** As somebody's hand would: a replay of an aggregate makes it good. */
async function damage(consumer: Consumer, ...ids: string[]): Promise<void> {
  for (const id of ids) {
    await rig.database.query(
      'UPDATE views_g1.room_view SET story = \'["wrong"]\' WHERE conversation_id = $1',
      [id],
    );
    expect(await rig.story(consumer, id)).toEqual(['wrong']);
  }
}

/** Replays a part of the log into the views, to its end. */
async function replay(consumer: Consumer, part: LogPart) {
  const { aggregates } = await consumer.parking.survey(part, never);
  const { actId } = await consumer.parking.refold({
    actId: crypto.randomUUID(),
    who: 'ann',
    reason: 'a row was changed by hand',
    perSecond: 0,
    selection: {},
    aggregates,
  });
  await waitFor(async () => (await consumer.parking.act(actId)).standing.state !== 'running', {
    withinMs: 30_000,
    what: 'the end of a replay',
  });
  return consumer.parking.act(actId);
}

describe('a replay of a part of the log into the views', () => {
  it('makes good the rows of the aggregates that have events in it, and repeats no effect', async () => {
    const consumer = await rig.start({}, { withEffects: true });
    const [early, late, later] = Array.from({ length: 3 }, () => crypto.randomUUID());
    if (early === undefined || late === undefined || later === undefined) throw new TypeError();
    await rig.say(early, 'one', 'two');
    const [, second] = await rig.say(late, 'three', 'four');
    await rig.say(later, 'five');
    for (const [id, count] of [
      [early, 2],
      [late, 2],
      [later, 1],
    ] as const) {
      await shows(consumer, id, count);
    }
    await waitFor(() => rig.notices.given.length === 5, { withinMs: 30_000, what: 'notices' });
    await damage(consumer, early, late, later);
    if (second === undefined) throw new TypeError('nothing was said');
    const { position: from } = second;
    const part = { ...everything, from, to: from };
    expect(await consumer.parking.survey(part, never)).toEqual({
      aggregates: [{ aggregateType: 'conversation', aggregateId: late }],
      events: new Map([['message_created', 1n]]),
    });
    const { standing } = await replay(consumer, part);
    expect(standing).toMatchObject({
      kind: 'refold',
      state: 'done',
      total: 1,
      done: 1,
      who: 'ann',
    });
    expect(await rig.story(consumer, late)).toEqual(told(1, 2));
    expect(await rig.story(consumer, early)).toEqual(['wrong']);
    expect(await rig.story(consumer, later)).toEqual(['wrong']);
    await replay(consumer, { ...everything, aggregateId: early });
    expect(await rig.story(consumer, early)).toEqual(told(1, 2));
    await replay(consumer, { ...everything, storedSince: second.storedAt });
    expect(await rig.story(consumer, later)).toEqual(told(1, 1));
    // What comes after is applied after, with its effect; nothing else has had one.
    await rig.say(late, 'six');
    await shows(consumer, late, 3);
    await waitFor(() => rig.notices.given.length === 6, { withinMs: 30_000, what: 'a notice' });
    expect(await rig.story(consumer, late)).toEqual(told(1, 3));
  }, 120_000);

  it('never sets a row back to before what is applied while it reads', async () => {
    const consumer = await rig.start();
    const id = crypto.randomUUID();
    await rig.say(id, 'one', 'two');
    await shows(consumer, id, 2);
    const { readAggregates } = rig.log;
    let isFirst = true;
    rig.log.readAggregates = async function* (ranges, limit) {
      const read = [];
      for await (const events of readAggregates(ranges, limit)) read.push(events);
      if (isFirst) {
        isFirst = false;
        await rig.say(id, 'meanwhile');
        await shows(consumer, id, 3);
      }
      yield* read;
    };
    const { aggregates } = { aggregates: [{ aggregateType: 'conversation', aggregateId: id }] };
    const begun = await consumer.parking.refold({
      ...{ actId: crypto.randomUUID(), who: 'ann', reason: 'why', perSecond: 0, selection: {} },
      aggregates,
    });
    await waitFor(
      async () => (await consumer.parking.act(begun.actId)).standing.state !== 'running',
      { withinMs: 60_000, what: 'the end of a replay' },
    );
    expect(isFirst).toBe(false);
    expect(await rig.story(consumer, id)).toEqual(told(1, 3));
  }, 120_000);

  it('tells of what still fails, and passes over what was discarded', async () => {
    const consumer = await rig.start();
    const [failing = '', discarded = ''] = await rig.park(consumer, 2, 2);
    const selection = { includeRetrying: false, aggregateId: discarded };
    await rig.act(consumer, { kind: 'discard', selection });
    await shows(consumer, discarded, 2);
    await damage(consumer, discarded);
    const { standing, failed } = await replay(consumer, everything);
    expect(standing).toMatchObject({ total: 2, done: 1, failed: 1 });
    expect(failed).toMatchObject([
      { aggregateId: failing, detail: expect.stringContaining('poisoned') },
    ]);
    expect(await rig.story(consumer, discarded)).toEqual(told(2, 3));
    setPoisonous(false);
    await replay(consumer, everything);
    expect(await rig.story(consumer, failing)).toEqual(told(1, 3));
    // Mended, it is no longer one to be gone on without.
    expect(await rig.story(consumer, discarded)).toEqual(told(1, 3));
    const left = { selection: { includeRetrying: true }, limit: 10 };
    expect(await consumer.parking.list(left)).toEqual([]);
  }, 120_000);

  it('is refused from a position that the log does not have', async () => {
    const consumer = await rig.start();
    const from = { epoch: 'strange', position: 1n };
    await expect(consumer.parking.survey({ ...everything, from }, never)).rejects.toMatchObject({
      code: 'NOVA_CONSUMER_POSITION_UNKNOWN',
    });
  }, 60_000);
});
