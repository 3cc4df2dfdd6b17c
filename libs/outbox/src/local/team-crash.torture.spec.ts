import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newEventId } from '@nova/events';
import {
  type PrivatePostgres,
  privatePostgres,
  tellTorture,
  torturePart,
  waitFor,
} from '@nova/testkit';
import { sleep } from '@nova/time';
import { append } from './append.ts';
import { ONE, TwoDatabases } from './testing/two-databases.rig.spec.ts';

const WRITERS = 8;
const KILLS = 40;
/** Between two kills, about. */
const TRANSACTIONS = 220;
const AGGREGATES = ['a', 'b', 'c', 'd', 'e', 'f'];
const PAUSE_MS = 50;

let postgres: PrivatePostgres;
let both: TwoDatabases;

beforeAll(async () => {
  postgres = await privatePostgres();
  both = await TwoDatabases.make(postgres);
}, 120_000);
afterAll(async () => {
  await both.remove();
  await postgres.remove();
}, 120_000);

/** What became of the transactions of the team, as its service knows it. */
interface Told {
  readonly committed: string[];
  /** Their commit was not answered: they may be there or not, whole or not at all. */
  readonly open: (readonly string[])[];
}

/** One transaction with an event for each of two aggregates. */
async function commitTwo(told: Told, number: number): Promise<void> {
  const names = [number, number * 7 + 3].map((n) => AGGREGATES[n % AGGREGATES.length] ?? 'a');
  // In one order, as two transactions in different orders would wait for each other.
  const events = [...new Set(names)].sort().map((aggregateType) => ({
    eventId: newEventId(),
    eventType: 'team_acted',
    aggregateType,
    aggregateId: ONE,
    payload: { n: number },
  }));
  const ids = events.map(({ eventId }) => eventId);
  try {
    await both.team.database.transaction(async (tx) => {
      // What the crash takes back of such a transaction must not have been forwarded.
      if (number % 2 === 0) await tx.query('SET LOCAL synchronous_commit = off');
      await append(tx, events);
    });
    told.committed.push(...ids);
  } catch {
    told.open.push(ids);
    await sleep(PAUSE_MS);
  }
}

async function forwardedIds(): Promise<readonly string[]> {
  const rows = await both.nova.database.query<{ id: string }>(
    'SELECT event_id::text AS id FROM outbox_events ORDER BY position',
  );
  return rows.map(({ id }) => id);
}

describe('the database of a team that is killed again and again while its service appends', () => {
  it('has lost nothing that was acknowledged, and nova has each event once, in order', async () => {
    const told: Told = { committed: [], open: [] };
    for (const forwarder of [both.forwarder(), both.forwarder()]) await forwarder.start();
    const { times: kills } = torturePart({ times: KILLS });
    const transactions = TRANSACTIONS * (kills + 1);
    let next = 0;
    const writer = async () => {
      while (next < transactions) {
        next += 1;
        await commitTwo(told, next);
      }
    };
    const killing = async () => {
      for (let kill = 1; kill <= kills; kill += 1) {
        const due = TRANSACTIONS * kill;
        await waitFor(() => next >= due, { withinMs: 300_000, what: `${due} transactions` });
        await postgres.kill();
        await postgres.restart();
      }
    };
    await Promise.all([killing(), ...Array.from({ length: WRITERS }, writer)]);
    const expected = await both.committed();
    await waitFor(async () => (await both.logged()).length >= expected.length, {
      ...{ withinMs: 120_000, what: `${expected.length} events in the log` },
    });
    const logged = await both.logged();
    const groups = Map.groupBy(logged, (name) => name.slice(0, name.indexOf('/')));
    // Every version that the team's database counts, once, in order, without a hole.
    expect([...groups.keys()].sort().flatMap((name) => groups.get(name) ?? [])).toEqual(expected);
    const ids = await forwardedIds();
    const known = new Set(ids);
    expect(known.size).toBe(ids.length);
    expect(told.committed.filter((id) => !known.has(id))).toEqual([]);
    const halves = told.open.filter((unit) => new Set(unit.map((id) => known.has(id))).size > 1);
    expect(halves).toEqual([]);
    const given = new Set([...told.committed, ...told.open.flat()]);
    expect(ids.filter((id) => !given.has(id))).toEqual([]);
    // Else nothing was under way when it was killed.
    expect(told.open.length).toBeGreaterThan(0);
    const figures = { events: ids.length, kills, unanswered: told.open.length };
    tellTorture("kills of a team's PostgreSQL", figures);
  }, 1_200_000);
});
