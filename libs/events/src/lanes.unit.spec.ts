import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DEFAULT_PARTITIONS, LANES, laneOf, partitionOf } from './lanes.ts';
import { murmur2 } from './murmur2.ts';

describe('murmur2', () => {
  // From UtilsTest.testMurmur2 of Kafka's Java client.
  it.each([
    ['21', -973_932_308],
    ['foobar', -790_332_482],
    ['a-little-bit-long-string', -985_981_536],
    ['a-little-bit-longer-string', -1_486_304_829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58_897_971],
    ['abc', 479_470_107],
  ])('of %j is %i, as in Java', (text, hash) => {
    expect(murmur2(new TextEncoder().encode(text))).toBe(hash);
  });

  it('reads only its own part of a shared buffer', () => {
    const shared = new TextEncoder().encode('xfoobarx');
    expect(murmur2(shared.subarray(1, 7))).toBe(-790_332_482);
  });
});

describe('partitionOf', () => {
  it('drops the sign of the hash as Java does, instead of negating it', () => {
    expect(partitionOf('21', 1000)).toBe((-973_932_308 & 0x7fff_ffff) % 1000);
    expect(partitionOf('21', 1000)).not.toBe(973_932_308 % 1000);
  });

  it('hashes the UTF-8 bytes of a key', () => {
    const hash = murmur2(new Uint8Array([0xc3, 0xa9, 0xf0, 0x9f, 0x98, 0x80])) & 0x7fff_ffff;
    expect(partitionOf('é😀', 64)).toBe(hash % 64);
  });

  it('hashes keys of any length and script', () => {
    const texts = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 500 }),
      fc.integer({ min: 330, max: 520 }).map((length) => '語'.repeat(length)),
    );
    fc.assert(
      fc.property(texts, (key) => {
        const hash = murmur2(new TextEncoder().encode(key)) & 0x7fff_ffff;
        expect(partitionOf(key, 1_000_000_007)).toBe(hash % 1_000_000_007);
      }),
    );
  });

  it('follows from the lane for every number of partitions that divides 64', () => {
    fc.assert(
      fc.property(fc.string(), fc.constantFrom(1, 2, 4, 8, 16, 32, 64), (key, partitions) => {
        expect(partitionOf(key, partitions)).toBe(laneOf(key) % partitions);
      }),
    );
  });

  it('uses every partition and lane', () => {
    const keys = Array.from({ length: 5000 }, (_, index) => `key-${index}`);
    const partitions = new Set(keys.map((key) => partitionOf(key, DEFAULT_PARTITIONS)));
    expect(partitions.size).toBe(DEFAULT_PARTITIONS);
    expect(new Set(keys.map(laneOf)).size).toBe(LANES);
  });
});
