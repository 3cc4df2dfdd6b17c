/**
 * Leaders of a three-broker cluster killed, paused past their session and moved, one after the
 * other, in an order that a seed decides, which is part of the test's name. The short form is in `cluster.int.spec.ts`.
 */
import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { type PrivateKafkaCluster, privateKafkaCluster } from '@nova/testkit';
import { keepSending, moveLeader, SESSION_MS } from './testing/cluster.rig.spec.ts';
import { type DriverRig, rigs, until, upTo } from './testing/each-driver.rig.spec.ts';

const ROUNDS = 12;
const PARTITIONS = 6;
const SEED = Date.now() % 1_000_000;

let cluster: PrivateKafkaCluster;
const { begin, each, close } = rigs();

beforeAll(async () => {
  cluster = await privateKafkaCluster(3);
  const { brokers } = cluster;
  begin({ brokers, replicationFactor: 3, minInsyncReplicas: 2, sendDeadlineMs: 3000 });
}, 90_000);
afterAll(async () => {
  await close();
  await cluster.remove();
});

/** The same numbers for the same seed. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return Math.floor((state / 0x80000000) * below);
  };
}

async function later(ms: number): Promise<void> {
  const since = performance.now();
  await until('a while', () => performance.now() - since > ms, ms + 10_000);
}

describe('a cluster under fire', () => {
  each(
    `loses and reorders nothing (seed ${SEED})`,
    async (rig: DriverRig) => {
      const topic = await rig.newTopic(PARTITIONS);
      const member = await rig.openMember([topic]);
      const senders = upTo(PARTITIONS).map((partition) => keepSending(rig, topic, partition));
      // The same for every driver: what happens, happens to all at the same time.
      const choose = random(SEED);
      for (const round of upTo(ROUNDS)) {
        const [what, id] = [choose(3), choose(3) + 1];
        const node = cluster.nodes.get(id);
        const before = senders.map((sender) => sender.sent());
        if (what === 0) {
          await rig.meet(() => node?.kill());
          await later(2000);
          await rig.meet(() => node?.restart());
        } else if (what === 1) {
          await rig.meet(() => node?.pause());
          await later(SESSION_MS + 2000);
          await rig.meet(() => node?.resume());
        } else await moveLeader(cluster.brokers, topic, round % PARTITIONS);
        const isOn = () => senders.every((sender, at) => sender.sent() > (before[at] ?? 0) + 100);
        await until(`records after round ${round}`, isOn, 60_000);
      }
      await Promise.all(senders.map((sender) => sender.stop()));
      for (const [partition, sender] of senders.entries()) {
        const keys = () =>
          member.batches
            .filter((batch) => batch.partition === partition)
            .flatMap(({ records }) => records.map(({ key }) => Number(key)));
        await until('all records', () => new Set(keys()).size >= sender.sent(), 60_000);
        expect([...new Set(keys())]).toEqual(upTo(sender.sent()));
      }
      await rig.stopMembers();
    },
    600_000,
  );
});
