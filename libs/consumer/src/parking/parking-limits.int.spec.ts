import { type ChildProcess, spawn } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { partitionOf, topicOf } from '@nova/events';
import { waitFor } from '@nova/testkit';
import type { Consumer } from '../index.ts';
import { appendAll, newEvent } from '../testing/outbox-log.rig.spec.ts';
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

describe('an event that kills the process', () => {
  const MEMBER = new URL('../testing/deadly-member.rig.spec.ts', import.meta.url).pathname;
  const members: ChildProcess[] = [];
  afterEach(() => {
    for (const member of members) member.kill('SIGKILL');
  });

  /** Starts a member, and waits until it has died or what is wanted holds. */
  async function run(holds: () => Promise<boolean>, ...args: string[]): Promise<'died' | 'lives'> {
    const member = spawn(process.execPath, [MEMBER, rig.store.url, ...args], { stdio: 'inherit' });
    members.push(member);
    await waitFor(async () => member.signalCode !== null || (await holds()), {
      withinMs: 40_000,
      what: 'the death of a member, or its success',
    });
    return member.signalCode === null ? 'lives' : 'died';
  }

  async function stories(): Promise<Record<string, readonly string[]>> {
    const rows = await rig.database.query<{ id: string; story: string[] }>(
      'SELECT conversation_id AS id, story FROM views_g1.room_view',
    );
    return Object.fromEntries(rows.map(({ id, story }) => [id, story]));
  }

  it('is found among others and parked, and they flow; a replay runs it once more', async () => {
    const [ill, ...well] = Array.from({ length: 4 }, () => crypto.randomUUID());
    if (ill === undefined) throw new TypeError('there is no room');
    for (const id of well) await rig.say(id, ...Array.from({ length: 20 }, () => 'hello'));
    await rig.say(ill, 'before', POISON, 'behind');
    const isParked = async () => (await parkedEvents()) === 2;
    let deaths = 0;
    while ((await run(isParked)) === 'died') {
      deaths += 1;
      expect(deaths).toBeLessThan(6);
    }
    expect(deaths).toBe(3);
    const [parked] = await rig.database.query(
      'SELECT state, error_code, failed_version::integer FROM parked_aggregates',
    );
    expect(parked).toEqual({ state: 'parked', error_code: 'process_death', failed_version: 2 });
    const shown = { ...Object.fromEntries(well.map((id) => [id, told(1, 20)])), [ill]: told(1, 1) };
    expect(await stories()).toEqual(shown);
    // Innocent ones are under suspicion no more.
    await waitFor(
      async () =>
        JSON.stringify(
          await rig.database.query('SELECT aggregate_id AS id FROM consumer_suspects'),
        ) === JSON.stringify([{ id: ill }]),
      { withinMs: 8000, what: 'one suspect' },
    );

    for (const member of members) member.kill('SIGKILL');
    await waitFor(() => members.every(({ signalCode }) => signalCode !== null), {
      withinMs: 8000,
      what: 'the death of the last member',
    });
    // At once: an act without open parts is taken for done.
    await rig.database.query(
      `WITH act AS (
         INSERT INTO parked_acts (act_id, consumer, generation, kind, subject, who, reason,
           selection, per_second)
         VALUES ('00000000-0000-4000-8000-000000000001', 'views', 1, 'replay', 'aggregates', 'ann',
           'mended', '{}', 0)
         RETURNING act_id
       )
       INSERT INTO parked_act_parts (act_id, place, aggregate_type, aggregate_id, failed_version)
       SELECT act_id, 1, 'conversation', $1, 2 FROM act`,
      [ill],
    );
    const isFree = async () => (await stories())[ill]?.length === 3;
    expect(await run(isFree, 'mended')).toBe('lives');
    expect((await stories())[ill]).toEqual(told(1, 3));
  }, 180_000);
});

describe('events under suspicion that wait for an earlier one', () => {
  it('are all settled once it is there, although they were tried in several parts', async () => {
    const room = crypto.randomUUID();
    // What is there at the very first start is read from the log.
    await (await rig.start()).stop();
    rig.topics.stall(topicOf('member_added'));
    const joined = newEvent('member_added', room, { user_id: room });
    for (const event of await appendAll(rig.database, [joined])) rig.topics.publish(event);
    const messages = await rig.say(room, ...Array.from({ length: 100 }, () => 'hello'));
    await rig.database.query(
      `INSERT INTO consumer_suspects (consumer, aggregate_type, aggregate_id, aggregate_version,
         event_id, deaths, was_alone)
       SELECT 'views', 'conversation', $1, version, id, 1, false
       FROM unnest($2::bigint[], $3::text[]) AS suspect (version, id)`,
      [
        room,
        messages.map(({ aggregateVersion }) => aggregateVersion.toString()),
        messages.map(({ eventId }) => eventId),
      ],
    );
    const consumer = await rig.start();
    await has(consumer, room, ['member_added 1', ...told(2, 101)]);
    rig.topics.letGo(topicOf('member_added'));
    await waitFor(() => consumer.status().lagEvents === 0, { withinMs: 8000, what: 'no lag' });
  });
});

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
