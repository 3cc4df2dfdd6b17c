import type { PartitionsByTopic } from './co-partitioning.ts';

/** What a member had, as the bytes that travel in its join request. */
export function encodeOwned(owned: PartitionsByTopic): Buffer {
  return Buffer.from(JSON.stringify([...owned]));
}

/** Reads them back; whatever cannot be read counts as nothing, because it is only a preference. */
export function decodeOwned(bytes: Buffer): Map<string, readonly number[]> {
  const owned = new Map<string, readonly number[]>();
  let parsed: unknown;
  try {
    parsed = JSON.parse(bytes.toString());
  } catch {
    return owned;
  }
  const entries: readonly unknown[] = Array.isArray(parsed) ? parsed : [];
  for (const entry of entries) {
    const pair: readonly unknown[] = Array.isArray(entry) ? entry : [];
    const [topic, numbers] = pair;
    if (typeof topic !== 'string' || !Array.isArray(numbers)) continue;
    owned.set(
      topic,
      numbers.filter((number): number is number => Number.isInteger(number)),
    );
  }
  return owned;
}
