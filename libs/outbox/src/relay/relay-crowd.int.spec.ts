/** Eight relay processes; 200 rounds of them are in `relay.torture.spec.ts`. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { topicOf } from '@nova/events';
import { openKafka } from '@nova/kafka';
import { silentLogger } from '@nova/telemetry';
import { readyTopics, type TestDatabase, testDatabase, testKafka } from '@nova/testkit';
import { outboxMigrations } from '../index.ts';
import { RelayCrowd, stopPastTheLease } from '../testing/relay-crowd.rig.spec.ts';
import {
  aggregatesOf,
  allAtHead,
  expectTopicToHoldTheLog,
  keepAppending,
  type Load,
} from '../testing/relay-load.rig.spec.ts';

// A topic of the shared broker, used by this file alone.
const TYPE = 'relay_spec_crowd';
const LEASE_MS = 1500;
const relayIds = Array.from({ length: 8 }, (_, index) => `relay-${index}`);

let brokers: readonly string[];
let test: TestDatabase;
let crowd: RelayCrowd;
let load: Load;

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
  await crowd.shared(relayIds, 120_000);
  load = keepAppending(test, TYPE, aggregatesOf('crowd', 100), 50);
}, 180_000);

afterAll(async () => {
  await crowd.end();
  await test.drop();
});

describe('several relays', () => {
  it('lose and reorder nothing when some are stopped past their leases and go on', async () => {
    await stopPastTheLease(crowd, relayIds, 2, { leaseMs: LEASE_MS });
  }, 120_000);

  it('take over the lanes of one that is asked to end within 5 s', async () => {
    await crowd.shared(relayIds, 60_000);
    crowd.signal('relay-7', 'SIGTERM');
    expect(await crowd.heldBy(relayIds.slice(0, 7), 20_000)).toBeLessThan(5000);
  }, 120_000);

  it('take over the lanes of one that is killed within 1 s of the end of its leases, and not before', async () => {
    // It has lanes to leave, and what was inherited of it before is not of this death.
    await crowd.shared(relayIds.slice(0, 7), 60_000);
    await test.database.query('DELETE FROM inherited');
    crowd.signal('relay-6', 'SIGKILL');
    await crowd.heldBy(relayIds.slice(0, 6), 30_000);
    const inherited = await crowd.inheritedAfterMs('relay-6');
    expect(inherited[0]).toBeGreaterThanOrEqual(0);
    expect(inherited.at(-1)).toBeLessThan(1000);
  }, 120_000);

  it('have moved only what they held, and published everything in order', async () => {
    await load.stop();
    await allAtHead(test.database, 20_000);
    await crowd.expectRightMoves();
    await expectTopicToHoldTheLog(test.database, brokers, TYPE);
  }, 60_000);
});
