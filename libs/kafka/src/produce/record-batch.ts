import { promisify } from 'node:util';
import { gzip, zstdCompress } from 'node:zlib';
import { crc32c } from '@platformatic/wasm-utils';
import type { Compression } from '../options.ts';
import type { Piece } from '../record.ts';
import { RecordBytes } from './record-bytes.ts';

/** Whose records they are, and which of theirs. */
export interface BatchOrigin {
  readonly producerId: bigint;
  readonly producerEpoch: number;
  /** Sequence number of the first record in its partition. */
  readonly firstSequence: number;
}

const MAGIC = 2;
/** What is before the bytes that the checksum covers: offset, length, leader epoch, magic, checksum. */
const PREFIX = 21;
/** Everything before the first record. */
const HEAD = 61;

// The numbers that the protocol has for them.
const CODECS: Readonly<
  Record<Compression, { number: number; compress?: (bytes: Buffer) => Promise<Buffer> }>
> = {
  none: { number: 0 },
  gzip: { number: 1, compress: promisify<Buffer, Buffer>(gzip) },
  zstd: { number: 4, compress: promisify<Buffer, Buffer>(zstdCompress) },
};

/**
 * Records as a broker keeps them (record batch, version 2), in one piece of memory. kafkajs makes a
 * buffer of every number, header and record, and copies each several times: 67 µs per record;
 * @platformatic/kafka wants each as an object with maps of buffers.
 *
 * @param timeMs of all of them, milliseconds since 1970, or NO_TIME
 */
export async function recordBatch(
  { records, bytes: atMost }: Piece,
  { producerId, producerEpoch, firstSequence }: BatchOrigin,
  compression: Compression,
  timeMs: number,
): Promise<Buffer> {
  const { number: codec, compress } = CODECS[compression];
  const bytes = new RecordBytes(HEAD + atMost, HEAD);
  let index = 0;
  for (const record of records) {
    bytes.add(record, index);
    index += 1;
  }
  const batch =
    compress === undefined
      ? bytes.all()
      : Buffer.concat([Buffer.alloc(HEAD), await compress(bytes.all().subarray(HEAD))]);
  batch.writeBigInt64BE(0n, 0);
  batch.writeInt32BE(batch.length - 12, 8);
  batch.writeInt32BE(0, 12);
  batch.writeInt8(MAGIC, 16);
  batch.writeInt16BE(codec, 21);
  batch.writeInt32BE(records.length - 1, 23);
  batch.writeBigInt64BE(BigInt(timeMs), 27);
  batch.writeBigInt64BE(BigInt(timeMs), 35);
  batch.writeBigInt64BE(producerId, 43);
  batch.writeInt16BE(producerEpoch, 51);
  batch.writeInt32BE(firstSequence, 53);
  batch.writeInt32BE(records.length, 57);
  batch.writeUInt32BE(crc32c(batch.subarray(PREFIX)), PREFIX - 4);
  return batch;
}
