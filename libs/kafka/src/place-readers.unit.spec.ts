import { describe, expect, it } from '@jest/globals';
import { silentLogger } from '@nova/telemetry';
import { PartitionReader } from './partition-reader.ts';
import { type Placement, placeReaders } from './place-readers.ts';
import type { StartOffset } from './seam.ts';

const KEY = 'topic:0';

function setUp(fields: Partial<Placement> = {}) {
  const reader = new PartitionReader({ topic: 'topic', partition: 0 }, 1, {
    deliver: () => Promise.resolve(),
    changed: () => {},
    logger: silentLogger,
  });
  const seeks: bigint[] = [];
  const placement: Placement = {
    boundsOf: () => Promise.resolve(new Map([[KEY, { begin: 10n, end: 20n }]])),
    seek: (_, offset) => void seeks.push(offset),
    signal: new AbortController().signal,
    logger: silentLogger,
    ...fields,
  };
  return { reader, seeks, placement };
}

const asking = (start?: StartOffset) => () =>
  Promise.resolve(new Map(start === undefined ? [] : [[KEY, start]]));

describe('placeReaders', () => {
  it.each<[StartOffset | undefined, bigint]>([
    [10n, 10n],
    [15n, 15n],
    // The next record to come.
    [20n, 20n],
    // Deleted by retention.
    [9n, 10n],
    // Of a topic that was made anew, or whose end was lost.
    [21n, 10n],
    ['beginning', 10n],
    [undefined, 10n],
  ])('begins for %s at %s', async (start, expected) => {
    const { reader, seeks, placement } = setUp();
    await placeReaders([reader], asking(start), placement);
    expect({ seeks, position: reader.position }).toEqual({ seeks: [expected], position: expected });
    expect(reader.wantsMore).toBe(true);
  });

  it('asks again until all three answer', async () => {
    const failures = ['start', 'bounds', 'seek'];
    const failOnce = (step: string) => {
      if (failures[0] === step) throw new Error(`${failures.shift()} failed`);
    };
    const { reader, seeks, placement } = setUp();
    await placeReaders(
      [reader],
      async () => {
        failOnce('start');
        return await asking(15n)();
      },
      {
        ...placement,
        boundsOf: async (topics) => {
          failOnce('bounds');
          return await placement.boundsOf(topics);
        },
        seek: (one, offset) => {
          failOnce('seek');
          placement.seek(one, offset);
        },
      },
    );
    expect({ failures, seeks }).toEqual({ failures: [], seeks: [15n] });
  });

  it('leaves a reader alone that was displaced or ended while it asked', async () => {
    for (const change of ['displace', 'end'] as const) {
      const { reader, seeks, placement } = setUp();
      await placeReaders(
        [reader],
        () => {
          reader[change]();
          return asking(15n)();
        },
        placement,
      );
      expect({ seeks, isReading: reader.isReading }).toEqual({ seeks: [], isReading: false });
    }
  });

  it('gives up when it is stopped', async () => {
    const stopping = new AbortController();
    const { reader, seeks, placement } = setUp({ signal: stopping.signal });
    await placeReaders(
      [reader],
      () => {
        stopping.abort();
        return Promise.reject(new Error('no database'));
      },
      placement,
    );
    expect(seeks).toEqual([]);
  });
});
