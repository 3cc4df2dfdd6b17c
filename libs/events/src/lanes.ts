import { murmur2 } from './murmur2.ts';

/** Hash buckets of aggregates: the relay's unit of order and ownership. */
export const LANES = 64;

/** Partitions of a topic unless its aggregate type says otherwise. Any number must divide LANES. */
export const DEFAULT_PARTITIONS = 8;

const encoder = new TextEncoder();
// Bytes of their own for each key would take several times as long as the hash of them.
const scratch = new Uint8Array(1024);
const MOST_BYTES_PER_UNIT = 3;

/** Lane of an aggregate id, 0 to 63. One lane has one partition number in every topic. */
export function laneOf(key: string): number {
  return hashOf(key) % LANES;
}

/**
 * Partition of an aggregate id as Java's default partitioner chooses it.
 *
 * @param partitions number of partitions of the topic, at least 1
 */
export function partitionOf(key: string, partitions: number): number {
  return hashOf(key) % partitions;
}

// Java's Utils.toPositive: the sign bit is dropped, not negated.
function hashOf(key: string): number {
  return murmur2(bytesOf(key)) & 0x7fffffff;
}

// Good until the next call.
function bytesOf(key: string): Uint8Array {
  if (key.length * MOST_BYTES_PER_UNIT > scratch.length) return encoder.encode(key);
  return scratch.subarray(0, encoder.encodeInto(key, scratch).written);
}
