import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { partitionOf } from '@nova/events';
import { waitFor } from '@nova/testkit';
import type { Consumer } from '../index.ts';
import { ParkedRooms, told } from '../testing/parked-rooms.rig.spec.ts';
import { POISON, setPoisonous } from '../testing/rooms.ts';

let rig: ParkedRooms;

beforeEach(async () => {
  setPoisonous(true);
  rig = await ParkedRooms.open();
});
afterEach(() => rig.close());

/** A room whose records are in the same partition as those of another one, or in another. */
function roomBeside(id: string, isSame: boolean): string {
  const { partitions } = rig.topics;
  for (;;) {
    const other = crypto.randomUUID();
    const isThere = partitionOf(other, partitions) === partitionOf(id, partitions);
    if (isThere === isSame) return other;
  }
}

const standsStill = (consumer: Consumer) =>
  waitFor(() => consumer.status().trouble?.includes('stands still') === true, {
    withinMs: 8000,
    what: 'a partition that stands still',
  });

const has = (consumer: Consumer, id: string, story: readonly string[]) =>
  waitFor(async () => (await rig.story(consumer, id)).join() === story.join(), {
    withinMs: 8000,
    what: `the story of ${id}`,
  });

async function parkedEvents(): Promise<number> {
  const [row] = await rig.database.query<{ count: number }>(
    'SELECT count(*)::integer AS count FROM parked_events',
  );
  return row?.count ?? 0;
}

describe('at a limit of what may be parked', () => {
  it('the partition of the aggregate stands still, all others flow, and nothing is dropped', async () => {
    const consumer = await rig.start({ parkedPerAggregate: 5 });
    const [ill = ''] = await rig.park(consumer, 1, 0);
    const [beside, elsewhere] = [roomBeside(ill, true), roomBeside(ill, false)];
    await rig.say(ill, ...Array.from({ length: 9 }, () => 'behind'));
    await standsStill(consumer);
    expect(consumer.status()).toMatchObject({ phase: 'running' });
    await rig.say(beside, 'beside');
    await rig.say(elsewhere, 'elsewhere');
    await has(consumer, elsewhere, told(1, 1));
    expect(await rig.story(consumer, beside)).toEqual([]);
    expect(await parkedEvents()).toBe(5);
    setPoisonous(false);
    await rig.act(consumer, {});
    await has(consumer, ill, told(1, 10));
    await has(consumer, beside, told(1, 1));
    await waitFor(() => consumer.status().trouble === undefined, {
      withinMs: 8000,
      what: 'the end of the trouble',
    });
    expect(await parkedEvents()).toBe(0);
  });

  it('in all, what begins to fail is not parked but comes again, also after a restart', async () => {
    const settings = { parkedTotal: 2 };
    const consumer = await rig.start(settings);
    await rig.park(consumer, 2, 0);
    const late = crypto.randomUUID();
    await rig.say(late, POISON, 'behind');
    await standsStill(consumer);
    expect(await parkedEvents()).toBe(2);
    await consumer.stop();
    const next = await rig.start(settings);
    await standsStill(next);
    expect(await parkedEvents()).toBe(2);
    setPoisonous(false);
    await rig.act(next, {});
    await has(next, late, told(1, 2));
    expect(await parkedEvents()).toBe(0);
  });
});
