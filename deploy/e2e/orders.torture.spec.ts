/** The long form of `orders.e2e.spec.ts`. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { tellTorture, torturePart } from '@nova/testkit';
import { seededRandom } from '../torture/faults/seeded-random.ts';
import { commandsOf } from './document.ts';
import { ordersBeside } from './orders-beside.ts';
import { ordersWhileKilling } from './orders-killed.ts';
import { prepareStack } from './stack.ts';
import { psql } from './witness.ts';

const DOCUMENT = 'docs/use-in-your-service.md';
/** All that an event comes through between the commit and the view. */
const TARGETS = ['orders', 'events-service', 'relay', 'board', 'postgres', 'kafka'];
/** Another one in the same moment. */
const BOTH_SHARE = 0.25;
const MOST_ORDERS_BETWEEN = 60;

const stack = prepareStack(4000);
const beside = ordersBeside(stack);

describe('two hundred kills between the commit of a team and the view of another service', () => {
  afterAll(async () => {
    beside.orders.remove();
    beside.board.remove();
    await stack.remove();
  }, 60_000);

  beforeAll(async () => {
    const { code, stderr } = await stack.nova('up', '--detach');
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    for (const command of commandsOf(DOCUMENT)) {
      // Databases and event types; the services are started below.
      if (!/^(\.\/nova schema|password)/.test(command)) continue;
      expect(await stack.shell(command)).toMatchObject({ code: 0 });
    }
    await beside.orders.start();
    await beside.board.start();
    await beside.untilReady('orders');
    await beside.untilReady('board');
  }, 300_000);

  it('lose and double nothing', async () => {
    const { times, seed } = torturePart({ times: 200 });
    const random = seededRandom(seed);
    const kills: Record<string, number> = {};
    const pick = (from: readonly string[]) => from[Math.floor(random() * from.length)] ?? 'orders';
    const { orders, repeated, verdict } = await ordersWhileKilling(beside, [], async (load) => {
      for (let killed = 0; killed < times; ) {
        await load.further(1 + Math.floor(random() * MOST_ORDERS_BETWEEN));
        const first = pick(TARGETS);
        const more = random() < BOTH_SHARE ? [pick(TARGETS.filter((one) => one !== first))] : [];
        const targets = [first, ...more].slice(0, times - killed);
        await Promise.all(targets.map((target) => beside.kill(target)));
        for (const target of targets) kills[target] = (kills[target] ?? 0) + 1;
        killed += targets.length;
      }
    });
    const [[events, ids] = []] = await psql(
      await stack.databaseUrl('nova_events'),
      `SELECT count(*), count(DISTINCT event_id) FROM outbox_events WHERE source = '/nova/orders'`,
    );
    tellTorture('kills between commit and view', { seed, kills, orders, repeated, ...verdict });
    expect(verdict).toEqual({ missing: 0, incomplete: 0, doubled: 0, invented: 0 });
    expect([events, ids]).toEqual([String(2 * orders), String(2 * orders)]);
    // Else nothing was under way when it was killed.
    expect(repeated).toBeGreaterThan(0);
  }, 7_200_000);
});
