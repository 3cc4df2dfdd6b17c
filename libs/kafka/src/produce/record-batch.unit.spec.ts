import { createRequire } from 'node:module';
import { describe, expect, it } from '@jest/globals';
import { crc32c } from '@platformatic/wasm-utils';
import fc from 'fast-check';
import { registerCodecs } from '../kafkajs/codecs.ts';
import { COMPRESSIONS } from '../options.ts';
import { firstPiece, type KafkaRecord } from '../record.ts';
import { recordBatch } from './record-batch.ts';

// kafkajs reads what was written; it checks no checksum, so that is looked at by itself.
interface Decoded {
  readonly records: readonly {
    readonly offset: string;
    readonly key: Buffer;
    readonly value: Buffer;
    readonly headers: Readonly<Record<string, Buffer>>;
  }[];
}
const require = createRequire(import.meta.url);
// Parts of kafkajs without types; they are called as its fetch does.
const Decoder = require('kafkajs/src/protocol/decoder') as new (
  bytes: Buffer,
) => { readVarIntBytes(): Buffer };
const decodeBatch = require('kafkajs/src/protocol/recordBatch/v0/decoder') as (
  decoder: object,
) => Promise<Decoded>;
registerCodecs();

const pieceOf = (records: readonly KafkaRecord[]) => firstPiece(records, Number.POSITIVE_INFINITY);
const ORIGIN = { producerId: 2n ** 40n + 3n, producerEpoch: 7, firstSequence: 2 ** 31 - 2 };

async function readBack(bytes: Buffer) {
  const { records } = await decodeBatch(new Decoder(bytes));
  return records.map(({ offset, key, value, headers }) => ({
    offset: String(offset),
    key: key.toString(),
    value: value.toString('hex'),
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, bytesOf]) => [name, bytesOf.toString()]),
    ),
  }));
}

const text = fc.oneof(fc.string(), fc.string({ unit: 'grapheme', maxLength: 200 }));
const record: fc.Arbitrary<KafkaRecord> = fc.record({
  key: text,
  value: fc.uint8Array({ maxLength: 3000 }),
  headers: fc.dictionary(
    fc.oneof(text, fc.constantFrom('__proto__', 'constructor', 'toString')),
    text,
    { maxKeys: 20 },
  ),
});

describe('crc32c', () => {
  it('is that of the published check value', () => {
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
    expect(crc32c(Buffer.alloc(32))).toBe(0x8a9136aa);
    expect(crc32c(Buffer.alloc(0))).toBe(0);
  });
});

describe('a record batch', () => {
  it.each(COMPRESSIONS)(
    'is read back as it was given, with compression %s',
    async (compression) => {
      await fc.assert(
        fc.asyncProperty(fc.array(record, { minLength: 1, maxLength: 40 }), async (records) => {
          const bytes = await recordBatch(pieceOf(records), ORIGIN, compression, 1_800_000_000_000);
          expect(bytes.readInt32BE(8)).toBe(bytes.length - 12);
          expect(bytes.readUInt32BE(17)).toBe(crc32c(bytes.subarray(21)));
          expect(await readBack(bytes)).toEqual(
            records.map(({ key, value, headers }, index) => ({
              offset: String(index),
              key: key.toWellFormed(),
              value: Buffer.from(value).toString('hex'),
              headers: Object.fromEntries(
                Object.entries(headers).map(([name, content]) => [name, String(content)]),
              ),
            })),
          );
        }),
        { numRuns: 60 },
      );
    },
  );

  // A length takes one byte more from 64 and from 8,192 on: bytes and characters lie on either side.
  it.each([40, 63, 64, 5000, 8191, 8192])(
    'has texts of %i characters as they were given, whatever bytes each takes',
    async (length) => {
      for (const character of ['x', 'é', 'ж', '中', '😀']) {
        const long = character.repeat(length);
        const given = { key: long, value: Buffer.alloc(0), headers: { [long]: long, h: 'x' } };
        const bytes = await recordBatch(pieceOf([given]), ORIGIN, 'none', 5);
        expect(await readBack(bytes)).toEqual([{ ...given, offset: '0', value: '' }]);
      }
    },
  );

  it('says whose it is', async () => {
    const bytes = await recordBatch(
      pieceOf([{ key: 'k', value: Buffer.alloc(1), headers: {} }]),
      ORIGIN,
      'none',
      5,
    );
    expect(bytes.readBigInt64BE(43)).toBe(ORIGIN.producerId);
    expect(bytes.readInt16BE(51)).toBe(7);
    expect(bytes.readInt32BE(53)).toBe(2 ** 31 - 2);
    expect(bytes.readInt32BE(57)).toBe(1);
    expect(bytes.readBigInt64BE(27)).toBe(5n);
  });
});

describe('a record as kafkajs reads it, patched', () => {
  const encode = require('kafkajs/src/protocol/recordBatch/record/v0/index') as (
    record: object,
  ) => { readonly buffer: Buffer };
  const decode = require('kafkajs/src/protocol/recordBatch/record/v0/decoder') as (
    decoder: object,
    context: object,
  ) => { readonly timestamp: string; readonly headers: Readonly<Record<string, unknown>> };
  function readBackOne(fields: object, firstTimestamp = '0') {
    const { buffer } = encode({ offsetDelta: 0, key: 'k', value: Buffer.alloc(3), ...fields });
    const bytes = new Decoder(buffer).readVarIntBytes();
    return decode(new Decoder(bytes), { firstOffset: '7', firstTimestamp });
  }

  it('has any distance in time', () => {
    const distance = fc.oneof(
      fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n }),
      fc.bigInt({ min: -(2n ** 29n), max: 2n ** 29n }),
    );
    fc.assert(
      fc.property(distance, (delta) => {
        const { timestamp } = readBackOne({ timestampDelta: delta.toString(), headers: {} });
        expect(timestamp).toBe(delta.toString());
      }),
    );
  });

  it('has all values of a header that is repeated, in their order', () => {
    const headers = { once: 'a', thrice: ['b', 'c', 'd'], last: 'e' };
    expect(readBackOne({ timestampDelta: 0, headers }).headers).toEqual({
      once: Buffer.from('a'),
      thrice: ['b', 'c', 'd'].map((value) => Buffer.from(value)),
      last: Buffer.from('e'),
    });
  });
});
