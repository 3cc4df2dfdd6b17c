import { afterEach, describe, expect, it } from '@jest/globals';
import { stopwatch } from '@nova/testkit';
import { FakePublisher } from '../testing/fake-publisher.ts';
import { RelayRig } from '../testing/relay-rig.ts';
import { until } from '../testing/until.ts';

let rig = new RelayRig();
afterEach(() => rig.close());

const keys = Array.from({ length: 200 }, (_, index) => `aggregate ${index}`);
const appendRound = () => {
  for (const key of keys) rig.log.append(key);
};
const owned = (relayId: string) => rig.lanes.ownedBy(relayId).length;

describe('two relays', () => {
  it('share the lanes, and the one that stops hands over at once', async () => {
    rig = new RelayRig({ leaseMs: 5000, renewIntervalMs: 50 });
    const [first, second] = [rig.relay('first'), rig.relay('second')];
    await first.start();
    await until(() => owned('first') === 64, 'the first has all lanes');
    await second.start();
    await until(() => owned('first') === 32 && owned('second') === 32, 'each has its share');
    appendRound();
    await until(() => rig.isPublished(), 'everything published');
    await first.stop();
    // Far less than the lease: the lanes were given back, not waited for.
    const watch = stopwatch();
    await until(() => owned('second') === 64, 'the second has all lanes');
    expect(watch.ms()).toBeLessThan(2500);
    appendRound();
    await until(() => rig.isPublished() && rig.isAdvanced(), 'everything published');
    expect(rig.repetitions()).toBe(0);
    expect(rig.disorder()).toEqual([]);
    expect(rig.offences).toEqual([]);
  });

  it('go on when one dies: its lanes are taken when their leases end', async () => {
    rig = new RelayRig({ leaseMs: 500 });
    const [first, second] = [rig.relay('first'), rig.relay('second')];
    await first.start();
    await second.start();
    await until(() => owned('first') === 32 && owned('second') === 32, 'each has its share');
    first.pause();
    appendRound();
    await until(() => owned('second') === 64, 'the second has all lanes');
    await until(() => rig.isPublished() && rig.isAdvanced(), 'everything published');
    expect(rig.disorder()).toEqual([]);
    expect(rig.offences).toEqual([]);
  });

  it('go on at the very end of the leases of one that has died, not a round later', async () => {
    rig = new RelayRig({ leaseMs: 500, renewIntervalMs: 60_000 });
    const [first, second] = [rig.relay('first'), rig.relay('second')];
    await first.start();
    await until(() => owned('first') === 64, 'the first has all lanes');
    first.pause();
    await second.start();
    await until(() => owned('second') === 64, 'the second has all lanes');
  });

  it('lose nothing when lanes move to and fro while events come', async () => {
    rig = new RelayRig({ windowRows: 40, leaseMs: 5000 });
    const relays = ['a', 'b', 'c'].map((id) => rig.relay(id));
    for (const relay of relays) await relay.start();
    for (let round = 0; round < 12; round += 1) {
      appendRound();
      const relay = relays[round % 3];
      await relay?.stop();
      await until(() => rig.isPublished(), 'a round published');
      await relay?.start();
    }
    await until(() => rig.isAdvanced(), 'all lanes at the head');
    expect(rig.disorder()).toEqual([]);
    expect(rig.offences).toEqual([]);
  });
});

describe('a relay that was stopped past its lease', () => {
  it('moves nothing when it wakes, and takes no lane from who has it now', async () => {
    rig = new RelayRig({ leaseMs: 500 });
    // The first has a way to Kafka of its own, on which its sends hang while it is stopped.
    const slow = new FakePublisher();
    const first = rig.relay('first', slow);
    const second = rig.relay('second');
    await first.start();
    await until(() => owned('first') === 64, 'the first has all lanes');
    slow.fate = () => 'hang';
    appendRound();
    await until(() => slow.hanging() === 8, 'its sends in work');
    first.pause();
    await second.start();
    await until(() => owned('second') === 64, 'the second has all lanes');
    await until(() => rig.isPublished() && rig.isAdvanced(), 'the second published everything');
    const before = rig.lanes.rows.map(({ term, position }) => ({ term, position }));
    appendRound();
    await until(() => rig.isAdvanced(), 'the second published more');
    const moves: number[] = [];
    rig.lanes.onAdvance = (lane) => moves.push(lane);
    slow.release();
    first.resume();
    await until(() => first.status().lanesOwned === 32, 'the first took part anew');
    expect(moves).toEqual([]);
    for (const [lane, { term, position }] of before.entries()) {
      const row = rig.lanes.rows[lane];
      expect(row?.term).toBeGreaterThanOrEqual(term);
      expect(row?.position).toBeGreaterThan(position);
    }
  });

  it('moves nothing either when nobody took its lanes', async () => {
    rig = new RelayRig({ leaseMs: 500 });
    const relay = rig.relay('alone');
    await relay.start();
    await until(() => owned('alone') === 64, 'it has all lanes');
    rig.publisher.fate = () => 'hang';
    appendRound();
    await until(() => rig.publisher.hanging() === 8, 'its sends in work');
    const terms = rig.lanes.rows.map(({ term }) => term);
    relay.pause();
    // Its table says that the lease has ended.
    rig.lanes.skewMs += 10_000;
    const moved: { lane: number; term: bigint | undefined }[] = [];
    rig.lanes.onAdvance = (lane) => moved.push({ lane, term: rig.lanes.rows[lane]?.term });
    rig.publisher.fate = () => 'accept';
    rig.publisher.release();
    relay.resume();
    await until(() => rig.isAdvanced(), 'everything published in a new term');
    for (const { lane, term } of moved) expect(term).toBeGreaterThan(terms[lane] ?? 0n);
    expect(rig.disorder()).toEqual([]);
  });

  it('sends nothing more once too little of its lease is left', async () => {
    rig = new RelayRig({ leaseMs: 400, renewIntervalMs: 50 });
    const relay = rig.relay('alone');
    await relay.start();
    await until(() => owned('alone') === 64, 'it has all lanes');
    // The lanes cannot be renewed any more, but the log can still be read.
    rig.lanes.skewMs += 10_000;
    rig.lanes
      .storeFor('other', 60_000)
      .claim(64)
      .catch(() => {});
    await until(() => relay.status().lanesOwned === 0, 'it noticed');
    const before = rig.publisher.batches.length;
    appendRound();
    await new Promise((resolve) => setImmediate(resolve));
    expect(rig.publisher.batches.length).toBe(before);
  });
});
