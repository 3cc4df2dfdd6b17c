/** The long form of `relay-crowd.int.spec.ts`. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { topicOf } from '@nova/events';
import { openKafka } from '@nova/kafka';
import { silentLogger } from '@nova/telemetry';
import {
  readyTopics,
  type TestDatabase,
  tellTorture,
  testDatabase,
  testKafka,
  torturePart,
} from '@nova/testkit';
import { outboxMigrations } from '../index.ts';
import { RelayCrowd, stopPastTheLease } from '../testing/relay-crowd.rig.spec.ts';
import {
  aggregatesOf,
  allAtHead,
  expectTopicToHoldTheLog,
  keepAppending,
} from '../testing/relay-load.rig.spec.ts';

const MINUTE = 60_000;
const TYPE = 'relay_spec_torture';
const LEASE_MS = 1500;
const relayIds = Array.from({ length: 8 }, (_, index) => `relay-${index}`);

describe('eight relays', () => {
  let brokers: readonly string[];
  let test: TestDatabase;
  let crowd: RelayCrowd;

  beforeAll(async () => {
    [{ brokers }, test] = await Promise.all([
      testKafka(),
      testDatabase({ migrations: [{ owner: 'outbox', dir: outboxMigrations }] }),
    ]);
    const admin = openKafka({ brokers, clientId: 'crowd', logger: silentLogger }).admin();
    await readyTopics(admin, [{ topic: topicOf(TYPE), partitions: 8 }]);
    await admin.close();
    crowd = new RelayCrowd(test, brokers, LEASE_MS);
    await crowd.watchMoves();
    for (const relayId of relayIds) crowd.start(relayId);
    await crowd.shared(relayIds, MINUTE);
  }, 2 * MINUTE);

  afterAll(async () => {
    await crowd.end();
    await test.drop();
  });

  it(
    'move only what they hold in 200 rounds of being stopped past their leases',
    async () => {
      const { times } = torturePart({ times: 200 });
      const load = keepAppending(test, TYPE, aggregatesOf('torture', 100), 100);
      await stopPastTheLease(crowd, relayIds, times, { leaseMs: LEASE_MS });
      const left = relayIds.slice(0, 7);
      await crowd.shared(relayIds, MINUTE);
      crowd.signal('relay-7', 'SIGTERM');
      const handedOverMs = await crowd.heldBy(left, MINUTE);
      expect(handedOverMs).toBeLessThan(5000);
      crowd.signal('relay-6', 'SIGKILL');
      await crowd.heldBy(left.slice(0, 6), MINUTE);
      const inherited = await crowd.inheritedAfterMs('relay-6');
      expect(inherited[0]).toBeGreaterThanOrEqual(0);
      expect(inherited.at(-1)).toBeLessThan(1000);
      await load.stop();
      await allAtHead(test.database, MINUTE);
      await crowd.expectRightMoves();
      await expectTopicToHoldTheLog(test.database, brokers, TYPE);
      const afterMs = Math.round(inherited.at(-1) ?? 0);
      const found = { rounds: times, handedOverMs: Math.round(handedOverMs), afterMs };
      tellTorture('relays stopped past their leases', found);
    },
    40 * MINUTE,
  );
});
