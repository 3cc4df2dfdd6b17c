import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { waitFor } from '@nova/testkit';
import { seededRandom } from '../testing/seeded-random.ts';
import { append } from './append.ts';
import { ONE, TwoDatabases } from './testing/two-databases.rig.spec.ts';

let both: TwoDatabases;
beforeAll(async () => {
  both = await TwoDatabases.make();
});
afterAll(() => both.remove());

beforeEach(async () => {
  await both.nova.database.query('TRUNCATE outbox_events, outbox_aggregates, outbox_sources');
  await both.team.database.query(
    'TRUNCATE local_outbox_events, local_outbox_aggregates, local_outbox_parked',
  );
});
afterEach(async () => {
  await both.stop();
  for (const name of ['before', 'after', 'refuses'] as const) delete both.faults[name];
});

/** Waits until nova has every event of the team, once, in order. */
async function expectAllForwarded(): Promise<void> {
  const expected = await both.committed();
  await waitFor(async () => (await both.logged()).length >= expected.length, {
    ...{ withinMs: 20_000, what: `${expected.length} events in the log` },
  });
  const logged = await both.logged();
  const groups = Map.groupBy(logged, (name) => name.slice(0, name.indexOf('/')));
  const sorted = [...groups.keys()].sort().flatMap((name) => groups.get(name) ?? []);
  expect(sorted).toEqual(expected);
}

describe('append', () => {
  it('is part of the transaction: a rollback leaves neither events nor a hole', async () => {
    await both.commit(['a']);
    const failed = both.team.database.transaction(async (tx) => {
      await append(tx, [event('a'), event('a')]);
      throw new Error('changed its mind');
    });
    await expect(failed).rejects.toThrow('changed its mind');
    const [, appended] = await both.team.database.transaction((tx) =>
      append(tx, [event('b'), event('a')]),
    );
    expect(appended).toMatchObject({ aggregateType: 'a', sourceVersion: 2n });
  });

  it('takes a client that answers as pg does', async () => {
    const pgLike = {
      query: async (text: string, values: unknown[]) => ({
        rows: await both.team.database.query(text, values),
      }),
    };
    expect(await append(pgLike, [event('a')])).toMatchObject([{ sourceVersion: 1n }]);
  });

  it('refuses what nova would refuse, before anything is sent', async () => {
    const wrong = append(both.team.database, [
      { eventType: 'message_created', aggregateId: 'no uuid', payload: { content: 1 } },
      { ...event('a'), metadata: { source_version: '7' } },
    ]);
    await expect(wrong).rejects.toMatchObject({
      code: 'NOVA_LOCAL_EVENT_INVALID',
      violations: expect.arrayContaining([
        expect.objectContaining({ field: 'events[0].payload.content' }),
        expect.objectContaining({ field: 'events[1].metadata' }),
      ]),
    });
  });

  it('keeps commits durable whose session would not wait for the disk', async () => {
    const [row] = await both.team.database.transaction(async (tx) => {
      await tx.query("SELECT set_config('synchronous_commit', 'off', true)");
      await append(tx, [event('a')]);
      return tx.query<{ setting: string }>(
        "SELECT current_setting('synchronous_commit') AS setting",
      );
    });
    expect(row).toEqual({ setting: 'on' });
  });
});

describe('a forwarder', () => {
  it('brings every event into the log, once, in order', async () => {
    await both.commit(['a', 'b', 'a']);
    await both.forwarder().start();
    await expectAllForwarded();
    for (let n = 0; n < 20; n += 1) await both.commit(['a', 'c']);
    await expectAllForwarded();
  });

  it('doubles and loses nothing where calls fail before or after they are carried out', async () => {
    const random = seededRandom(7);
    both.faults.before = () => failSometimes(random);
    both.faults.after = () => failSometimes(random);
    await both.forwarder().start();
    for (let n = 0; n < 40; n += 1) await both.commit(['a', `b${n % 5}`, 'a']);
    await expectAllForwarded();
  });

  it('goes on where another instance was stopped past its lease', async () => {
    const stuck = Promise.withResolvers<void>();
    let calls = 0;
    both.faults.after = () => {
      calls += 1;
      // The first instance hears nothing for longer than its lease.
      return calls === 1 ? stuck.promise : undefined;
    };
    const [first, second] = [both.forwarder(), both.forwarder()];
    await both.commit(['a', 'a']);
    await first.start();
    await waitFor(() => calls > 0, { withinMs: 5000, what: 'a call' });
    await second.start();
    await both.commit(['a', 'b']);
    await expectAllForwarded();
    stuck.resolve();
    await both.commit(['b', 'a']);
    await expectAllForwarded();
    // One may lose its lease to the other by chance, and learns of it at its next look.
    const phases = async () => {
      const found = [await first.status(), await second.status()].map(({ phase }) => phase);
      expect(found.sort()).toEqual(['forwarding', 'waiting']);
      return true;
    };
    await waitFor(phases, { withinMs: 10_000, what: 'one that forwards and one that waits' });
  });

  it('goes on without one that was there before the clock of its database was put back by hours', async () => {
    const stuck = Promise.withResolvers<void>();
    let calls = 0;
    both.faults.after = () => {
      calls += 1;
      return calls === 1 ? stuck.promise : undefined;
    };
    const [first, second] = [both.forwarder(), both.forwarder()];
    await both.commit(['a', 'a']);
    await first.start();
    await waitFor(() => calls > 0, { withinMs: 5000, what: 'a call' });
    await both.team.database.query(
      `UPDATE local_outbox SET lease_until = lease_until + interval '2 h'`,
    );
    await second.start();
    await both.commit(['a', 'b']);
    await expectAllForwarded();
    stuck.resolve();
  });

  it('lets an aggregate wait that nova refuses, in order, while all others go on', async () => {
    let refusing = true;
    both.faults.refuses = ({ aggregateType }) => refusing && aggregateType === 'a';
    const forwarder = both.forwarder();
    await forwarder.start();
    await both.commit(['a', 'b', 'a']);
    await both.commit(['a', 'b']);
    await waitFor(async () => (await both.logged()).length === 2, {
      ...{ withinMs: 10_000, what: 'the events of b' },
    });
    expect(await both.logged()).toEqual(['b/1@1', 'b/2@2']);
    await waitFor(async () => (await forwarder.status()).parkedAggregates === 1, {
      ...{ withinMs: 10_000, what: 'a parked aggregate' },
    });
    await expect(forwarder.check()).rejects.toThrow('refused by nova');
    refusing = false;
    await expectAllForwarded();
    await waitFor(() => forwarder.check().then(() => true), {
      ...{ withinMs: 10_000, what: 'nothing parked' },
    });
  });

  it('sends again what it still has when nova has lost the end of its log', async () => {
    const forwarder = both.forwarder({ keepForwardedMs: 60_000 });
    await forwarder.start();
    await both.commit(['a', 'b', 'a']);
    await expectAllForwarded();
    await both.nova.database.query(
      `DELETE FROM outbox_events WHERE aggregate_type = 'a' AND aggregate_version = 2;
       UPDATE outbox_sources SET version = 1;
       UPDATE outbox_aggregates SET version = 1, last_versions = '{"team_acted": 1}',
              type_counts = '{"team_acted": 1}'`,
    );
    both.faults.loses = true;
    await both.commit(['b']);
    await expectAllForwarded();
  });

  it('finds by itself where to begin when nova lacks earlier events', async () => {
    await both.forwarder({ keepForwardedMs: 60_000 }).start();
    await both.commit(['a', 'a']);
    await expectAllForwarded();
    await both.nova.database.query('TRUNCATE outbox_events, outbox_aggregates, outbox_sources');
    await both.commit(['a']);
    await expectAllForwarded();
  });

  it('drops partitions that are forwarded, but none with events that wait', async () => {
    await both.team.database.query(
      `UPDATE local_outbox SET partition_rows = 8;
       SELECT setval('local_outbox_event_id', partition_end - 1) FROM local_outbox`,
    );
    let refusing = true;
    both.faults.refuses = ({ aggregateType }) => refusing && aggregateType === 'late';
    for (let n = 0; n < 30; n += 1) {
      await both.commit(n === 12 ? ['a', 'late', 'b'] : ['a', 'b']);
      await both.team.database.query('SELECT local_outbox_extend()');
    }
    const before = (await partitions()).length;
    await both.forwarder().start();
    // A transaction of anybody on this server that is open at the moment keeps them until the next
    // look, 10 s later.
    await waitFor(async () => (await partitions()).length < before - 2, {
      ...{ withinMs: 40_000, what: 'fewer partitions' },
    });
    expect(await kept()).toBeLessThan(30);
    refusing = false;
    await expectAllForwarded();
  }, 60_000);

  it('goes on after the database has moved to another server', async () => {
    await both.commit(['a']);
    await both.team.database.query(
      "UPDATE local_outbox SET system = 'another', done = '900000:900000:'",
    );
    await both.forwarder().start();
    await both.commit(['a']);
    await expectAllForwarded();
  });
});

function event(aggregateType: string) {
  return { eventType: 'team_acted', aggregateType, aggregateId: ONE, payload: { n: 1 } };
}

function failSometimes(random: () => number): void {
  if (random() < 0.3) throw new Error('the line is cut');
}

async function kept(): Promise<number> {
  const rows = await both.team.database.query('SELECT id FROM local_outbox_events');
  return rows.length;
}

async function partitions(): Promise<readonly unknown[]> {
  return both.team.database.query('SELECT name FROM local_outbox_partitions');
}
