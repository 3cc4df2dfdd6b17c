import { afterEach, describe, expect, it } from '@jest/globals';
import {
  type DeliveredBatch,
  type DeliveryOptions,
  type DeliverySource,
  type OpenSource,
  partitionKey,
  type StartOffset,
  type TopicPartition,
} from '../delivery-source.ts';

/** A source with a topic of its own and a way to put records into it. */
export interface SourceUnderTest {
  readonly source: DeliverySource;
  readonly topic: string;
  readonly partitions: number;
  /** Appends records whose keys are these. */
  publish(partition: number, keys: readonly string[]): Promise<void>;
}

/** Waits for a condition, as `waitFor` of the testkit does. */
export type Wait = (
  condition: () => boolean,
  options: { readonly withinMs: number; readonly what: string },
) => Promise<unknown>;

const WITHIN = 20_000;
const keysFrom = (from: number, count: number) =>
  Array.from({ length: count }, (_, index) => `key ${from + index}`);

class Listener {
  readonly batches: DeliveredBatch[] = [];
  readonly asked: TopicPartition[] = [];
  inWork = 0;
  mostInWork = 0;
  onDeliver: (batch: DeliveredBatch) => Promise<void> = () => Promise.resolve();
  start: StartOffset = 'beginning';

  options(topic: string): DeliveryOptions {
    return {
      groupId: `nova.spec.${topic}`,
      topics: [topic],
      startAt: async (assigned) => {
        this.asked.push(...assigned);
        return new Map(assigned.map((partition) => [partitionKey(partition), this.start]));
      },
      deliver: async (batch) => {
        this.inWork += 1;
        this.mostInWork = Math.max(this.mostInWork, this.inWork);
        try {
          await this.onDeliver(batch);
          this.batches.push(batch);
        } finally {
          this.inWork -= 1;
        }
      },
      revoked: () => {},
    };
  }

  keys(partition = 0): string[] {
    return this.batches
      .filter((batch) => batch.partition === partition)
      .flatMap(({ records }) => records.map(({ key }) => key ?? ''));
  }
}

/** What the groups of specs below share. */
interface Bench {
  make(): Promise<SourceUnderTest>;
  begin(listener: Listener, tested: SourceUnderTest): Promise<OpenSource>;
  readonly wait: Wait;
}

/** What every delivery source must do. */
export function deliverySourceConformance(
  name: string,
  make: () => Promise<SourceUnderTest>,
  wait: Wait,
): void {
  describe(`${name} as a delivery source`, () => {
    let open: OpenSource | undefined;
    afterEach(async () => {
      await open?.stop();
      open = undefined;
    });
    const bench: Bench = {
      make,
      wait,
      async begin(listener, { source, topic }) {
        open = await source.open(listener.options(topic));
        return open;
      },
    };
    delivers(bench);
    isSteered(bench);
  });
}

function delivers({ make, begin, wait }: Bench): void {
  it('asks where to begin, and delivers from there, in order', async () => {
    const tested = await make();
    await tested.publish(0, keysFrom(0, 10));
    const listener = new Listener();
    listener.start = 4n;
    const source = await begin(listener, tested);
    await wait(() => listener.keys().length === 6, { withinMs: WITHIN, what: 'six records' });
    expect(listener.keys()).toEqual(keysFrom(4, 6));
    expect(listener.asked).toHaveLength(tested.partitions);
    expect(source.assigned()).toHaveLength(tested.partitions);
    expect(source.partitionCounts()).toEqual(new Map([[tested.topic, tested.partitions]]));
    const ends = await source.endOffsets();
    expect(ends.get(partitionKey({ topic: tested.topic, partition: 0 }))).toBe(10n);
  });

  it('begins at the beginning where the partition does not have the offset', async () => {
    const tested = await make();
    await tested.publish(0, keysFrom(0, 3));
    const listener = new Listener();
    listener.start = 1000n;
    await begin(listener, tested);
    await wait(() => listener.keys().length === 3, { withinMs: WITHIN, what: 'all records' });
  });

  it('delivers one batch of a partition at a time, and again when it was refused', async () => {
    const tested = await make();
    const listener = new Listener();
    let refusals = 2;
    listener.onDeliver = () => {
      refusals -= 1;
      return refusals >= 0 ? Promise.reject(new Error('not now')) : Promise.resolve();
    };
    await begin(listener, tested);
    for (let from = 0; from < 30; from += 10) await tested.publish(0, keysFrom(from, 10));
    await wait(() => listener.keys().length === 30, { withinMs: WITHIN, what: 'all records' });
    expect(listener.keys()).toEqual(keysFrom(0, 30));
    expect(listener.mostInWork).toBe(1);
  });
}

function isSteered({ make, begin, wait }: Bench): void {
  it('delivers nothing of a paused partition, and loses nothing by it', async () => {
    const tested = await make();
    await tested.publish(0, keysFrom(0, 2));
    const listener = new Listener();
    const source = await begin(listener, tested);
    await wait(() => listener.keys().length === 2, { withinMs: WITHIN, what: 'the first' });
    const partition = { topic: tested.topic, partition: 0 };
    source.pause([partition]);
    await tested.publish(0, keysFrom(2, 2));
    await tested.publish(1, keysFrom(0, 2));
    await wait(() => listener.keys(1).length === 2, { withinMs: WITHIN, what: 'the other' });
    expect(listener.keys()).toHaveLength(2);
    source.resume([partition]);
    await wait(() => listener.keys().length === 4, { withinMs: WITHIN, what: 'the rest' });
    expect(listener.keys()).toEqual(keysFrom(0, 4));
  });

  it('goes on elsewhere after a seek, also during a delivery', async () => {
    const tested = await make();
    await tested.publish(0, keysFrom(0, 10));
    const listener = new Listener();
    const source = await begin(listener, tested);
    await wait(() => listener.keys().length === 10, { withinMs: WITHIN, what: 'all records' });
    const partition = { topic: tested.topic, partition: 0 };
    await source.seek(partition, 8n);
    await wait(() => listener.keys().length === 12, { withinMs: WITHIN, what: 'two again' });
    await source.seek(partition, 'beginning');
    await wait(() => listener.keys().length === 22, { withinMs: WITHIN, what: 'all again' });
    expect(listener.keys().slice(10)).toEqual([...keysFrom(8, 2), ...keysFrom(0, 10)]);
  });
}
