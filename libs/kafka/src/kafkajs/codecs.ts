import { promisify } from 'node:util';
import { zstdCompress, zstdDecompress } from 'node:zlib';
import kafkajs from 'kafkajs';
import type { Compression } from '../options.ts';

const { CompressionCodecs, CompressionTypes } = kafkajs;

const TYPES = {
  none: CompressionTypes.None,
  gzip: CompressionTypes.GZIP,
  zstd: CompressionTypes.ZSTD,
} as const;

/** How kafkajs calls a compression. */
export function compressionType(compression: Compression): (typeof TYPES)[Compression] {
  return TYPES[compression];
}

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/** kafkajs knows gzip by itself; its registry of further codecs belongs to the whole process. */
export function registerCodecs(): void {
  CompressionCodecs[CompressionTypes.ZSTD] = () => ({
    compress: (encoder: { buffer: Buffer }) => compress(encoder.buffer),
    decompress: (bytes: Buffer) => decompress(bytes),
  });
}
