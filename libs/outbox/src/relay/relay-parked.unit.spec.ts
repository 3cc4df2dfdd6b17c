import { afterEach, describe, expect, it } from '@jest/globals';
import { laneOf, type StoredEvent } from '@nova/events';
import { RelayRig } from '../testing/relay-rig.ts';
import { until } from '../testing/until.ts';
import type { OutgoingRecord } from './publisher.ts';

let rig = new RelayRig();
afterEach(() => rig.close());

const keys = Array.from({ length: 200 }, (_, index) => `aggregate ${index}`);
const ILL = 'aggregate 7';
const neighbours = keys.filter((key) => key !== ILL && laneOf(key) === laneOf(ILL));
const appendTo = (some: readonly string[], eventType?: string): readonly StoredEvent[] =>
  some.map((key) => rig.log.append(key, eventType));
const isRecordOf =
  ({ eventId }: StoredEvent) =>
  ({ headers }: OutgoingRecord) =>
    headers['ce_id'] === eventId;
const arrived = (key: string) =>
  rig.publisher.arrived
    .filter((record) => record.key === key)
    .map(({ headers }) => headers['ce_sequence']?.slice(-1));

/** Five events of each aggregate, of which the third of one is refused. */
async function withOneRefused(settings = {}): Promise<void> {
  rig = new RelayRig(settings);
  const sick = () => rig.log.events.filter(({ aggregateId }) => aggregateId === ILL)[2];
  rig.publisher.refuses = (record) => {
    const event = sick();
    return event !== undefined && isRecordOf(event)(record);
  };
  for (let round = 0; round < 5; round += 1) {
    appendTo(keys, round % 2 === 0 ? 'message_created' : 'message_edited');
  }
}

describe('a relay with an event that Kafka never takes', () => {
  it('parks its aggregate, and lets its lane and all others flow on', async () => {
    await withOneRefused();
    const relay = rig.relay('one');
    await relay.start();
    await until(() => rig.isAdvanced(), 'all lanes at the head');
    expect(neighbours.length).toBeGreaterThan(0);
    for (const key of keys) {
      if (key !== ILL) expect(arrived(key).sort()).toEqual(['1', '2', '3', '4', '5']);
    }
    // The lanes are written first; the relay tells of it a moment later.
    await until(() => relay.status().lanesLagging === 0, 'no lane that lags');
    expect(relay.status()).toMatchObject({ aggregatesParked: 1, troubles: [] });
    expect([...rig.lanes.parked.values()]).toMatchObject([
      { aggregateId: ILL, aggregateVersion: 3n, errorCode: 'PLANTED' },
    ]);
    const before = arrived(ILL).length;
    appendTo(keys);
    await until(() => rig.isAdvanced(), 'all lanes at the head again');
    expect(arrived(ILL)).toHaveLength(before);
    expect(arrived(ILL)).not.toContain('5');
    expect(rig.offences).toEqual([]);
    expect(rig.disorder()).toEqual([]);
  });

  it('publishes it by itself when it can be sent again, in order, also what came meanwhile', async () => {
    await withOneRefused();
    const relay = rig.relay('one');
    await relay.start();
    await until(() => rig.isAdvanced(), 'all lanes at the head');
    await until(() => (rig.lanes.parked.get(ILL)?.attempts ?? 0) > 1, 'tried again');
    rig.publisher.refuses = () => false;
    for (let round = 0; round < 50; round += 1) {
      appendTo(keys.slice(0, 20));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await until(() => rig.isPublished() && rig.isAdvanced(), 'everything published');
    await until(() => relay.status().aggregatesParked === 0, 'nothing parked');
    expect(rig.lanes.parked.size).toBe(0);
    appendTo([ILL]);
    await until(() => rig.isPublished() && rig.isAdvanced(), 'what follows published');
    expect(rig.disorder()).toEqual([]);
    expect(rig.offences).toEqual([]);
  });

  it('waits for what its lane has in work, which goes without it, before it publishes it', async () => {
    await withOneRefused();
    await rig.relay('one').start();
    await until(() => rig.isAdvanced(), 'all lanes at the head');
    const [neighbour = ''] = neighbours;
    rig.publisher.fate = ({ records }) =>
      records.some(({ key }) => key === neighbour) ? 'hang' : 'accept';
    appendTo([neighbour, ILL]);
    await until(() => rig.publisher.hanging() === 1, 'a window in work');
    rig.publisher.refuses = () => false;
    const looks = rig.lanes.parkedLooks;
    await until(() => rig.lanes.parkedLooks > looks + 1, 'it was looked at meanwhile');
    rig.publisher.fate = () => 'accept';
    rig.publisher.release();
    await until(() => rig.isPublished() && rig.isAdvanced(), 'everything published');
    expect(rig.disorder()).toEqual([]);
    expect(rig.offences).toEqual([]);
  });

  it('leaves what is parked to the next relay', async () => {
    await withOneRefused({ parkedRetryMs: 100 });
    const first = rig.relay('first');
    await first.start();
    await until(() => rig.isAdvanced() && rig.lanes.parked.size === 1, 'parked');
    await first.stop();
    appendTo(keys);
    const second = rig.relay('second');
    await second.start();
    await until(() => rig.isAdvanced(), 'all lanes at the head');
    expect(second.status().aggregatesParked).toBe(1);
    expect(arrived(ILL)).not.toContain('5');
    expect(arrived(ILL)).not.toContain('6');
    rig.publisher.refuses = () => false;
    await until(() => rig.isPublished(), 'everything published');
    expect(rig.disorder()).toEqual([]);
    expect(rig.offences).toEqual([]);
  });

  it('keeps its lane where it is until the parking is stored', async () => {
    await withOneRefused();
    rig.lanes.isParkingGone = true;
    const relay = rig.relay('one');
    await relay.start();
    await until(() => relay.status().lanesLagging > 0, 'its lane left behind');
    await until(
      () => rig.lanes.rows.filter(({ position }) => position === head()).length > 60,
      'others at the head',
    );
    expect(rig.lanes.rows[laneOf(ILL)]?.position).toBeLessThan(head());
    rig.lanes.isParkingGone = false;
    await until(() => rig.isAdvanced(), 'all lanes at the head');
    expect(rig.lanes.parked.size).toBe(1);
    expect(rig.offences).toEqual([]);
    expect(rig.disorder()).toEqual([]);
  });

  it('does not park it for an event that the log has lost meanwhile', async () => {
    // So that the cursor is written before the relay looks at the log again.
    rig = new RelayRig({ leaseMs: 2000, parkedRetryMs: 300, pollIntervalMs: 300 });
    const { log, lanes } = rig;
    let epochs = [{ epoch: 'memory', firstPosition: 1n }];
    log.head = async () => ({
      ...{ position: BigInt(log.events.length), epoch: epochs.at(-1)?.epoch ?? '', epochs },
    });
    const [first, , sick] = appendTo([ILL, ILL, ILL]);
    if (first === undefined || sick === undefined) throw new TypeError('nothing was appended');
    rig.publisher.refuses = isRecordOf(sick);
    let fail = () => {};
    const failover = new Promise<void>((resolve) => {
      fail = resolve;
    });
    let isAsked = false;
    const storeFor = lanes.storeFor.bind(lanes);
    lanes.storeFor = (...given) => {
      const store = storeFor(...given);
      const park = store.park.bind(store);
      store.park = async (...parked) => {
        isAsked = true;
        await failover;
        return park(...parked);
      };
      return store;
    };
    await rig.relay('one').start();
    await until(() => isAsked, 'its being parked');
    // A standby without the last two takes over, with the lane's lease; others have appended there.
    const anew = (aggregateId: string, position: bigint, version: bigint): StoredEvent => ({
      ...{ ...first, aggregateId, lane: laneOf(aggregateId) },
      ...{ eventId: `00000000-0000-4000-8000-00000000000${position}` },
      ...{ position: { epoch: 'young', position }, aggregateVersion: version },
      typeSequence: version,
    });
    log.events.splice(1, 2, anew('aggregate 8', 2n, 1n), anew(ILL, 3n, 2n), anew(ILL, 4n, 3n));
    epochs = [...epochs, { epoch: 'young', firstPosition: 2n }];
    fail();
    await until(() => rig.isPublished(), 'what the log has now');
    const isOfNow = new Set(log.events.map(({ eventId }) => eventId));
    const sent = rig.publisher.arrived.flatMap(({ key, headers }) =>
      key === ILL && isOfNow.has(headers['ce_id'] ?? '') ? [headers['ce_sequence']?.slice(-1)] : [],
    );
    expect([...new Set(sent)]).toEqual(['1', '2', '3']);
    expect(lanes.parked.size).toBe(0);
  }, 30_000);
});

const head = () => BigInt(rig.log.events.length);
