import { afterEach, describe, expect, it } from '@jest/globals';
import { laneOf, partitionOf } from '@nova/events';
import { partConformance } from '@nova/lifecycle/testing';
import { RelayRig } from '../testing/relay-rig.ts';
import { until } from '../testing/until.ts';
import type { OutgoingBatch } from './publisher.ts';

let rig = new RelayRig();
afterEach(() => rig.close());

const keys = Array.from({ length: 200 }, (_, index) => `aggregate ${index}`);
const appendRound = (eventType?: string) => {
  for (const key of keys) rig.log.append(key, eventType);
};
const inPartition = (partition: number) => (batch: OutgoingBatch) => batch.partition === partition;

describe('a relay', () => {
  it('publishes what is in the log and what comes, in order, and moves every lane to the head', async () => {
    rig = new RelayRig();
    appendRound();
    appendRound('message_updated');
    const relay = rig.relay('one');
    await relay.start();
    await until(() => rig.isPublished(), 'the first events published');
    appendRound();
    await until(() => rig.isPublished() && rig.isAdvanced(), 'the later events published');
    expect(rig.disorder()).toEqual([]);
    expect(rig.repetitions()).toBe(0);
    expect(rig.offences).toEqual([]);
    await until(() => relay.status().lanesLagging === 0, 'no lane that lags');
    expect(relay.status()).toMatchObject({
      lanesOwned: 64,
      publishedTotal: 600,
      troubles: [],
    });
  });

  it('puts each key into the partition of its hash', async () => {
    rig = new RelayRig();
    appendRound();
    await rig.relay('one').start();
    await until(() => rig.isPublished(), 'the events published');
    for (const { key, partition } of rig.publisher.arrived) {
      expect(partition).toBe(partitionOf(key, 8));
    }
  });

  it('reads small windows when the log is longer than one', async () => {
    rig = new RelayRig({ windowRows: 7 });
    appendRound();
    await rig.relay('one').start();
    await until(() => rig.isAdvanced(), 'all lanes at the head');
    expect(rig.disorder()).toEqual([]);
    expect(rig.repetitions()).toBe(0);
    expect(Math.max(...rig.publisher.batches.map(({ records }) => records.length))).toBeLessThan(8);
  });

  it('moves idle lanes too, although nothing is sent for them', async () => {
    rig = new RelayRig();
    rig.log.append('alone');
    await rig.relay('one').start();
    await until(() => rig.isAdvanced(), 'all lanes at the head');
    expect(rig.publisher.arrived).toHaveLength(1);
  });

  it('starts while the database is gone and publishes when it is there', async () => {
    rig = new RelayRig();
    rig.log.isGone = true;
    const relay = rig.relay('one');
    await relay.start();
    appendRound();
    await until(() => relay.status().troubles[0]?.kind === 'database', 'the trouble shown');
    rig.log.isGone = false;
    await until(() => rig.isPublished(), 'the events published');
    await until(() => relay.status().troubles.length === 0, 'the trouble over');
    expect(rig.repetitions()).toBe(0);
  });

  it('waits for sends in work when it stops, and gives its lanes back', async () => {
    rig = new RelayRig();
    rig.publisher.fate = () => 'hang';
    appendRound();
    const relay = rig.relay('one');
    await relay.start();
    await until(() => rig.publisher.hanging() === 8, 'a window in work');
    const stopped = relay.stop();
    rig.publisher.release();
    await stopped;
    expect(rig.isAdvanced()).toBe(true);
    expect(rig.lanes.ownedBy('one')).toEqual([]);
    expect(rig.lanes.relays.size).toBe(0);
  });

  it('gives its lanes back although a send hangs for ever, without moving its lane', async () => {
    rig = new RelayRig();
    rig.publisher.fate = (batch) => (inPartition(3)(batch) ? 'hang' : 'accept');
    appendRound();
    const relay = rig.relay('one');
    await relay.start();
    await until(() => rig.publisher.hanging() === 1, 'a batch that hangs');
    await relay.stop();
    expect(rig.lanes.ownedBy('one')).toEqual([]);
    const moved = rig.lanes.rows.map(({ position }) => position > 0n);
    const hanging = new Set(keys.filter((key) => partitionOf(key, 8) === 3).map(laneOf));
    expect(moved).toEqual(rig.lanes.rows.map((_, lane) => !hanging.has(lane)));
  });
});

partConformance('a relay', () => {
  const own = new RelayRig();
  let count = 0;
  return Promise.resolve({
    part: own.relay('one'),
    isWorking: async () => {
      count += 1;
      own.log.append('key');
      const deadline = performance.now() + 1000;
      while (performance.now() < deadline) {
        if (own.publisher.arrived.length >= count) return true;
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      return false;
    },
  });
});
