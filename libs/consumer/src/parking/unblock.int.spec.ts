import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { StoredEvent } from '@nova/events';
import { waitFor } from '@nova/testkit';
import type { Consumer } from '../index.ts';
import { appendAll, loseAfter, newEvent } from '../testing/outbox-log.rig.spec.ts';
import { ParkedRooms, told } from '../testing/parked-rooms.rig.spec.ts';
import { POISON, setPoisonous } from '../testing/rooms.ts';

let rig: ParkedRooms;

beforeEach(async () => {
  setPoisonous(true);
  rig = await ParkedRooms.open();
});
afterEach(() => rig.close());

const shows = (consumer: Consumer, id: string, story: readonly string[]) =>
  waitFor(async () => JSON.stringify(await rig.story(consumer, id)) === JSON.stringify(story), {
    withinMs: 30_000,
    what: `the story ${story.join(', ')}`,
  });

/** Waits until a query finds something. */
const has = (sql: string, ...params: unknown[]) =>
  waitFor(async () => (await rig.database.query(sql, params)).length > 0, {
    withinMs: 30_000,
    what: sql,
  });

const hasFailed = () => has('SELECT 1 FROM parked_events');

/** Does something after the log has answered that it has nothing more of a room, once. */
function onceNothingIsLeftOf(room: string, act: () => Promise<void>) {
  const { readAggregates } = rig.log;
  const meanwhile = { isBegun: false, isDone: false, isReadAgain: false };
  rig.log.readAggregates = async function* (ranges, limit) {
    const isAsked = ranges.some(({ aggregateId }) => aggregateId === room);
    if (isAsked && meanwhile.isDone) meanwhile.isReadAgain = true;
    const read: (readonly StoredEvent[])[] = [];
    for await (const events of readAggregates(ranges, limit)) read.push(events);
    const isEmpty = read.flat().every(({ aggregateId }) => aggregateId !== room);
    if (isAsked && isEmpty && !meanwhile.isBegun) {
      meanwhile.isBegun = true;
      await act();
      meanwhile.isDone = true;
    }
    yield* read;
  };
  return meanwhile;
}

describe('the end of a block', () => {
  it('leaves nothing out that came after the log was read', async () => {
    const consumer = await rig.start();
    const [room, other] = [crypto.randomUUID(), crypto.randomUUID()];
    const [kept] = await rig.say(room, 'one');
    await shows(consumer, room, told(1, 1));
    await rig.say(room, POISON);
    await hasFailed();
    await rig.giveUp([room]);
    const meanwhile = onceNothingIsLeftOf(room, async () => {
      const [event] = await rig.say(room, 'in place of what was lost');
      await has('SELECT 1 FROM parked_events WHERE event_id = $1', event?.eventId);
    });
    await loseAfter(rig.database, kept);
    // Of an epoch that the consumer does not know: it asks, and sees what was lost.
    await rig.say(other, 'hello');
    await shows(consumer, room, told(1, 2));
    expect(meanwhile.isDone).toBe(true);
    await has('SELECT 1 WHERE NOT EXISTS (SELECT FROM parked_aggregates)');
  }, 120_000);

  it('comes only after a discard has seen to what Kafka lost meanwhile', async () => {
    const consumer = await rig.start({ tailIntervalMs: 50, tailGraceMs: 50 });
    const room = crypto.randomUUID();
    await rig.say(room, 'one', POISON);
    await hasFailed();
    await rig.giveUp([room]);
    const message = { message_id: room, sender_id: room, recipient_id: room, content: 'unheard' };
    const [lost] = await appendAll(rig.database, [newEvent('message_created', room, message)]);
    await has('SELECT 1 FROM consumer_tail WHERE position >= $1', lost?.position.position);
    await rig.act(consumer, { kind: 'discard' });
    await shows(consumer, room, ['message_created 1', 'message_created 3']);
    await has('SELECT 1 WHERE NOT EXISTS (SELECT FROM parked_aggregates)');
  }, 120_000);

  it('a room of which the log has nothing any more keeps what comes while that is found', async () => {
    const consumer = await rig.start();
    const [room, other] = [crypto.randomUUID(), crypto.randomUUID()];
    const [kept] = await rig.say(other, 'kept');
    await rig.say(room, 'lost');
    await shows(consumer, room, told(1, 1));
    await shows(consumer, other, told(1, 1));
    const meanwhile = onceNothingIsLeftOf(room, async () => {
      const [event] = await rig.say(room, 'begins anew');
      const applied = 'SELECT 1 FROM consumer_progress WHERE aggregate_id = $1 AND epoch = $2';
      await has(applied, room, event?.position.epoch);
    });
    await loseAfter(rig.database, kept);
    await rig.database.query('DELETE FROM outbox_aggregates WHERE aggregate_id = $1', [room]);
    await rig.say(other, 'hello');
    await waitFor(() => meanwhile.isReadAgain, { withinMs: 30_000, what: 'another look' });
    await shows(consumer, room, told(1, 1));
  }, 120_000);
});
