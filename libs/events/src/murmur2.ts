/** murmur2 of Kafka's Java client over the UTF-8 bytes of a key, as a signed 32-bit number. */
export function murmur2(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const whole = bytes.length & ~3;
  let hash = SEED ^ bytes.length;
  for (let offset = 0; offset < whole; offset += 4) {
    let word = Math.imul(view.getInt32(offset, true), FACTOR);
    word ^= word >>> SHIFT;
    hash = Math.imul(hash, FACTOR) ^ Math.imul(word, FACTOR);
  }
  for (let tail = bytes.length - 1; tail >= whole; tail -= 1) {
    hash ^= view.getUint8(tail) << (8 * (tail - whole));
  }
  if (whole < bytes.length) hash = Math.imul(hash, FACTOR);
  hash = Math.imul(hash ^ (hash >>> 13), FACTOR);
  return hash ^ (hash >>> 15);
}

// Constants of org.apache.kafka.common.utils.Utils.murmur2.
const SEED = 0x9747b28c | 0;
const FACTOR = 0x5bd1e995;
const SHIFT = 24;
