import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { metricsText } from '@nova/telemetry';
import { waitFor } from '@nova/testkit';
import { append } from './append.ts';
import type { OutboxEvent } from './local-event.ts';
import { outboxStanding } from './outbox-standing.ts';
import { refusedAggregates, retryRefused } from './parked-by-nova.ts';
import { ONE, TwoDatabases } from './testing/two-databases.rig.spec.ts';

/** So long that nothing is tried again by itself while a spec runs. */
const NEVER_MS = 600_000;
const WITHIN = { withinMs: 60_000 };

let both: TwoDatabases;
/** Refused, until a spec has nothing against them any more. */
let isRefused: (event: OutboxEvent) => boolean;

beforeAll(async () => {
  both = await TwoDatabases.make();
});
afterAll(() => both.remove());
beforeEach(async () => {
  await both.nova.database.query('TRUNCATE outbox_events, outbox_aggregates, outbox_sources');
  await both.team.database.query(
    'TRUNCATE local_outbox_events, local_outbox_aggregates, local_outbox_parked',
  );
  both.faults.refuses = (event) => isRefused(event);
});
afterEach(async () => {
  await both.stop();
  for (const name of ['before', 'refuses'] as const) delete both.faults[name];
});

const parkedNow = async () => (await outboxStanding(both.team.database)).parkedAggregates;
const untilParked = (count: number) =>
  waitFor(async () => (await parkedNow()) === count, { ...WITHIN, what: `${count} parked` });

async function untilLogged(): Promise<void> {
  const expected = [...(await both.committed())].sort();
  await waitFor(async () => (await both.logged()).length >= expected.length, {
    ...WITHIN,
    what: `${expected.length} events in the log`,
  });
  // The log's version is in each name: one that is out of order has another.
  expect([...(await both.logged())].sort()).toEqual(expected);
}

describe('what nova refuses', () => {
  it('does not hold up what is new, however many aggregates wait', async () => {
    isRefused = ({ aggregateType }) => aggregateType.startsWith('late');
    // Their pauses are over at any time.
    await both.forwarder({ forwardRetryMs: 50 }).start();
    const late = Array.from({ length: 1500 }, (_, n) => `late_${n}`);
    for (let n = 0; n < late.length; n += 500) await both.commit(late.slice(n, n + 500));
    await untilParked(late.length);
    let calls = 0;
    let callsBefore: number | undefined;
    both.faults.before = (events) => {
      calls += 1;
      if (events.some(({ aggregateType }) => aggregateType === 'new')) callsBefore ??= calls;
    };
    await both.commit(['new']);
    calls = 0;
    await waitFor(() => callsBefore !== undefined, { ...WITHIN, what: 'the new event' });
    expect(callsBefore).toBeLessThan(10);
    isRefused = () => false;
    await untilLogged();
    await untilParked(0);
  }, 180_000);

  it('is told with its reason and in metrics, and tried at once when somebody says so', async () => {
    isRefused = ({ aggregateType }) => aggregateType !== 'fine';
    // A lease that is renewed in time whatever this process is held up by.
    await both.forwarder({ forwardRetryMs: NEVER_MS, forwardLeaseMs: 60_000 }).start();
    await both.commit(['one']);
    await untilParked(1);
    await both.commit(['other', 'one', 'fine']);
    await untilParked(2);
    const { database } = both.team;
    const [first, second] = await refusedAggregates(database, 10);
    expect(first).toMatchObject({
      ...{ aggregateType: 'one', aggregateId: ONE, nextVersion: 1n, eventType: 'team_acted' },
      ...{ reason: 'EVENT_INVALID', message: 'no', attempts: 1, waiting: 2n },
    });
    expect(second).toMatchObject({ aggregateType: 'other', waiting: 1n });
    expect(await refusedAggregates(database, 1)).toHaveLength(1);
    expect(await outboxStanding(database)).toMatchObject({
      ...{ isForwarded: true, parkedAggregates: 2, parkedEvents: 3 },
      oldestParkedAgeMs: expect.any(Number),
    });
    // A gauge whose reading takes too long is left out of a text.
    const told = async () => {
      const metrics = await metricsText();
      expect(metrics).toMatch(/^nova_parked_aggregates\S* 2$/m);
      expect(metrics).toMatch(/^nova_parked_events\S* 3$/m);
      return true;
    };
    await waitFor(told, { ...WITHIN, what: 'the metrics' });
    isRefused = () => false;
    expect(await retryRefused(database, { aggregateType: 'other', aggregateId: ONE })).toBe(1n);
    await untilParked(1);
    expect(await both.logged()).toEqual(['fine/1@1', 'other/1@1']);
    expect(await retryRefused(database, { aggregateType: 'other', aggregateId: ONE })).toBe(0n);
    expect(await retryRefused(database)).toBe(1n);
    await untilLogged();
    expect(await both.logged()).toEqual(['fine/1@1', 'other/1@1', 'one/1@1', 'one/2@2']);
  }, 120_000);

  it('goes out with all that came behind it, however much that is, without a further pause', async () => {
    isRefused = ({ sourceVersion }) => sourceVersion === 1n;
    await both.forwarder({ forwardRetryMs: NEVER_MS }).start();
    for (let n = 0; n < 3; n += 1) await both.commit(Array.from({ length: 450 }, () => 'long'));
    await untilParked(1);
    isRefused = () => false;
    await retryRefused(both.team.database);
    await untilLogged();
    await untilParked(0);
  }, 120_000);

  it('leaves nothing out where it is more than is read at a time', async () => {
    isRefused = () => true;
    await both.forwarder({ forwardRetryMs: NEVER_MS }).start();
    const payload = { text: 'x'.repeat(250_000) };
    for (let n = 0; n < 24; n += 1) {
      const aggregate = { aggregateType: `large_${n}`, aggregateId: ONE };
      const event = { eventType: 'team_acted', ...aggregate, payload };
      await both.team.database.transaction((tx) => append(tx, [event, event]));
    }
    await untilParked(24);
    isRefused = () => false;
    await retryRefused(both.team.database);
    await untilLogged();
    await untilParked(0);
  }, 120_000);
});
