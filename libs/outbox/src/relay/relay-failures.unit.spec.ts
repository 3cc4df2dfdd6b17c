import { afterEach, describe, expect, it } from '@jest/globals';
import { laneOf, partitionOf } from '@nova/events';
import { RelayRig } from '../testing/relay-rig.ts';
import { until } from '../testing/until.ts';
import type { OutgoingBatch } from './publisher.ts';

let rig = new RelayRig();
afterEach(() => rig.close());

const keys = Array.from({ length: 200 }, (_, index) => `aggregate ${index}`);
const keysOf = (partition: number) => keys.filter((key) => partitionOf(key, 8) === partition);
const appendTo = (some: readonly string[], eventType?: string) => {
  for (const key of some) rig.log.append(key, eventType);
};
const arrivedOf = (some: readonly string[]) =>
  rig.publisher.arrived.filter(({ key }) => some.includes(key)).length;
const others = keys.filter((key) => partitionOf(key, 8) !== 3);

describe('a relay with one partition that fails', () => {
  it('lets the others flow on and sends again only what is not acknowledged', async () => {
    rig = new RelayRig();
    rig.publisher.fate = ({ partition }) => (partition === 3 ? 'reject' : 'accept');
    const relay = rig.relay('one');
    await relay.start();
    for (let round = 1; round <= 5; round += 1) {
      appendTo(keys);
      await until(() => arrivedOf(others) === others.length * round, 'the others published');
    }
    await until(() => relay.status().lanesLagging > 0, 'lanes left behind');
    expect(arrivedOf(keysOf(3))).toBe(0);
    rig.publisher.fate = () => 'accept';
    await until(() => rig.isPublished() && rig.isAdvanced(), 'everything published');
    await until(() => relay.status().lanesLagging === 0, 'all lanes at the front again');
    expect(rig.repetitions()).toBe(0);
    expect(rig.disorder()).toEqual([]);
    expect(rig.offences).toEqual([]);
  });

  it('repeats records of that partition only, in order, when rejected ones had arrived', async () => {
    rig = new RelayRig();
    let failures = 6;
    rig.publisher.fate = ({ partition }) => {
      if (partition !== 3 || failures === 0) return 'accept';
      failures -= 1;
      return failures % 2 === 0 ? 'reject-half' : 'reject-late';
    };
    await rig.relay('one').start();
    for (let round = 0; round < 5; round += 1) appendTo(keys);
    await until(() => rig.isPublished() && rig.isAdvanced(), 'everything published');
    expect(rig.repetitions()).toBeGreaterThan(0);
    expect(arrivedOf(others)).toBe(others.length * 5);
    expect(rig.disorder()).toEqual([]);
    expect(rig.offences).toEqual([]);
  });

  it('keeps the order across the topics of a lane', async () => {
    rig = new RelayRig();
    let isBroken = true;
    rig.publisher.fate = ({ topic, partition }) =>
      isBroken && topic === 'nova_events_message_created' && partition === 3 ? 'reject' : 'accept';
    await rig.relay('one').start();
    for (let round = 0; round < 3; round += 1) {
      appendTo(keys);
      appendTo(keys, 'message_updated');
    }
    await until(() => arrivedOf(others) === others.length * 6, 'the others published');
    isBroken = false;
    await until(() => rig.isPublished() && rig.isAdvanced(), 'everything published');
    expect(rig.disorder()).toEqual([]);
  });
});

describe('a relay with one partition that hangs', () => {
  it('waits for it apart, never sends its records twice, and lets the others flow on', async () => {
    rig = new RelayRig();
    rig.publisher.fate = ({ partition }) => (partition === 3 ? 'hang' : 'accept');
    await rig.relay('one').start();
    for (let round = 1; round <= 5; round += 1) {
      appendTo(keys);
      await until(() => arrivedOf(others) === others.length * round, 'the others published');
    }
    expect(rig.publisher.hanging()).toBe(1);
    rig.publisher.fate = () => 'accept';
    rig.publisher.release();
    await until(() => rig.isPublished() && rig.isAdvanced(), 'everything published');
    expect(rig.repetitions()).toBe(0);
    expect(rig.disorder()).toEqual([]);
    expect(rig.offences).toEqual([]);
  });

  it('does not take it for an outage when it alone has events', async () => {
    rig = new RelayRig();
    rig.publisher.fate = ({ partition }) => (partition === 3 ? 'hang' : 'accept');
    const relay = rig.relay('one');
    await relay.start();
    appendTo(keysOf(3).slice(0, 1));
    await until(() => relay.status().lanesLagging === 1, 'its lane left behind');
    appendTo(others);
    await until(() => arrivedOf(others) === others.length, 'the others published');
    expect(relay.status().troubles).toEqual([]);
  });
});

describe('a relay whose Kafka is down', () => {
  it.each(['reject', 'hang'] as const)(
    'keeps everything in the log when all sends %s, and publishes it in order afterwards',
    async (fate) => {
      rig = new RelayRig();
      rig.publisher.fate = () => fate;
      const relay = rig.relay('one');
      for (let round = 0; round < 5; round += 1) appendTo(keys);
      await relay.start();
      await until(() => relay.status().troubles[0]?.kind === 'kafka', 'the outage noticed');
      expect(relay.status().lanesLagging).toBe(0);
      expect(rig.publisher.arrived).toEqual([]);
      rig.publisher.fate = () => 'accept';
      rig.publisher.release();
      await until(() => rig.isPublished() && rig.isAdvanced(), 'everything published');
      expect(relay.status().troubles).toEqual([]);
      expect(rig.disorder()).toEqual([]);
      expect(rig.repetitions()).toBe(0);
      expect(rig.offences).toEqual([]);
    },
  );

  it('notices it too when events trickle in one lane at a time', async () => {
    rig = new RelayRig();
    rig.publisher.fate = () => 'reject';
    const relay = rig.relay('one');
    await relay.start();
    for (const key of keys.slice(0, 20)) {
      rig.log.append(key);
      await until(() => rig.publisher.batches.length > 0, 'a first try');
    }
    await until(() => relay.status().troubles[0]?.kind === 'kafka', 'the outage noticed');
    rig.publisher.fate = () => 'accept';
    await until(() => rig.isPublished() && rig.isAdvanced(), 'everything published');
    expect(rig.disorder()).toEqual([]);
  });
});

describe('a relay that meets a topic which does not exist', () => {
  it('holds back the lanes that have events for it, and no others', async () => {
    const missing = 'nova_events_user_created';
    rig = new RelayRig();
    let exists = false;
    rig.publisher.partitionsOf = (topic) =>
      topic === missing && !exists ? Promise.reject(new Error('no topic')) : Promise.resolve(8);
    await rig.relay('one').start();
    rig.log.append('held', 'user_created');
    appendTo(keys);
    const free = keys.filter((key) => laneOf(key) !== laneOf('held'));
    await until(() => arrivedOf(free) === free.length, 'the others published');
    exists = true;
    await until(() => rig.isPublished() && rig.isAdvanced(), 'everything published');
    expect(rig.offences).toEqual([]);
  });
});

describe('the batches of a relay', () => {
  it('hold one partition each, and at most one of a partition is in work', async () => {
    rig = new RelayRig({ windowRows: 50 });
    const inWork = new Map<string, number>();
    const most = { inWork: 0 };
    const publish = rig.publisher.publish.bind(rig.publisher);
    rig.publisher.publish = async (batch: OutgoingBatch) => {
      const name = `${batch.topic}/${batch.partition}`;
      inWork.set(name, (inWork.get(name) ?? 0) + 1);
      most.inWork = Math.max(most.inWork, inWork.get(name) ?? 0);
      await publish(batch).finally(() => inWork.set(name, (inWork.get(name) ?? 0) - 1));
    };
    await rig.relay('one').start();
    for (let round = 0; round < 5; round += 1) appendTo(keys);
    await until(() => rig.isAdvanced(), 'everything published');
    expect(most.inWork).toBe(1);
    for (const { partition, records } of rig.publisher.batches) {
      expect(new Set(records.map(({ key }) => partitionOf(key, 8)))).toEqual(new Set([partition]));
    }
  });
});
