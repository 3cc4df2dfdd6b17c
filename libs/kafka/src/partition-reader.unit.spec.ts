import { describe, expect, it } from '@jest/globals';
import { silentLogger } from '@nova/telemetry';
import { waitFor } from '@nova/testkit';
import type { FetchedBatch } from './fetched-batch.ts';
import { PartitionReader } from './partition-reader.ts';
import type { DeliveredBatch } from './seam.ts';

const batchOf = (from: number, count: number, bytes = count): FetchedBatch => ({
  topic: 'topic',
  partition: 1,
  fetchedFrom: BigInt(from),
  nextOffset: BigInt(from + count),
  highWatermark: 9000n,
  bytes,
  records: Array.from({ length: count }, (_, index) => ({
    offset: BigInt(from + index),
    key: 'key',
    value: undefined,
    headers: {},
    timestamp: 0,
  })),
});

/** A reader whose deliveries wait until the spec settles them. */
function waiting() {
  const deliveries: { first: bigint | undefined; settle: (failure?: Error) => void }[] = [];
  const reader = new PartitionReader({ topic: 'topic', partition: 1 }, 4, {
    deliver: ({ records }: DeliveredBatch) =>
      new Promise<void>((resolve, reject) => {
        deliveries.push({
          first: records[0]?.offset,
          settle: (failure) => (failure === undefined ? resolve() : reject(failure)),
        });
      }),
    changed: () => {},
    logger: silentLogger,
  });
  const delivered = (count: number) =>
    waitFor(() => deliveries.length === count, { withinMs: 2000, what: `delivery ${count}` });
  return { reader, deliveries, delivered, firsts: () => deliveries.map(({ first }) => first) };
}

describe('PartitionReader', () => {
  it('delivers one batch at a time, in order', async () => {
    const { reader, deliveries, delivered, firsts } = waiting();
    reader.readFrom(0n);
    reader.take(batchOf(0, 2));
    reader.take(batchOf(2, 2));
    await delivered(1);
    expect(reader.position).toBe(4n);
    expect(reader.deliveredTo).toBe(0n);
    deliveries[0]?.settle();
    await delivered(2);
    expect(firsts()).toEqual([0n, 2n]);
    expect(reader.deliveredTo).toBe(2n);
  });

  it('is not fetched further while it has enough, until half of it is delivered', async () => {
    const { reader, deliveries, delivered } = waiting();
    expect(reader.wantsMore).toBe(false);
    reader.readFrom(0n);
    expect(reader.wantsMore).toBe(true);
    reader.take(batchOf(0, 400));
    reader.take(batchOf(400, 400));
    expect(reader.wantsMore).toBe(true);
    reader.take(batchOf(800, 300));
    expect(reader.wantsMore).toBe(false);
    await delivered(1);
    deliveries[0]?.settle();
    await delivered(2);
    expect(reader.wantsMore).toBe(false);
    deliveries[1]?.settle();
    await delivered(3);
    expect(reader.wantsMore).toBe(true);
  });

  it('is not fetched further while it holds a megabyte, in however few records', () => {
    const { reader } = waiting();
    reader.readFrom(0n);
    reader.take(batchOf(0, 1, 1024 * 1024));
    expect(reader.wantsMore).toBe(false);
  });

  it('delivers the same batch again when it is refused', async () => {
    const { reader, deliveries, delivered, firsts } = waiting();
    reader.readFrom(0n);
    reader.take(batchOf(0, 1));
    reader.take(batchOf(1, 1));
    await delivered(1);
    deliveries[0]?.settle(new Error('the database is gone'));
    await delivered(2);
    deliveries[1]?.settle();
    await delivered(3);
    expect(firsts()).toEqual([0n, 0n, 1n]);
  });

  it('drops what waits when it is displaced, also a batch in work that is refused later', async () => {
    const { reader, deliveries, delivered, firsts } = waiting();
    reader.readFrom(0n);
    reader.take(batchOf(0, 1));
    reader.take(batchOf(1, 1));
    await delivered(1);
    reader.displace();
    expect(reader.wantsMore).toBe(false);
    reader.readFrom(100n);
    reader.take(batchOf(100, 1));
    deliveries[0]?.settle(new Error('late'));
    await delivered(2);
    deliveries[1]?.settle();
    await waitFor(() => reader.deliveredTo === 101n, { withinMs: 2000, what: 'the new place' });
    expect(firsts()).toEqual([0n, 100n]);
  });

  it('delivers nothing while paused, and goes on when resumed', async () => {
    const { reader, delivered, firsts } = waiting();
    reader.pause();
    reader.readFrom(0n);
    expect(reader.wantsMore).toBe(false);
    reader.take(batchOf(0, 1));
    expect(firsts()).toEqual([]);
    reader.resume();
    await delivered(1);
    expect(reader.wantsMore).toBe(true);
  });

  it('delivers nothing once it is ended, not even what it tries again', async () => {
    const { reader, deliveries, delivered, firsts } = waiting();
    reader.readFrom(0n);
    reader.take(batchOf(0, 1));
    reader.take(batchOf(1, 1));
    await delivered(1);
    reader.end();
    deliveries[0]?.settle(new Error('late'));
    reader.resume();
    await Promise.resolve();
    expect(firsts()).toEqual([0n]);
    reader.readFrom(5n);
    expect(reader.isReading).toBe(false);
  });
});
