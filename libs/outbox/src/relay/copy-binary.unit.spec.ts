import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CopyBinaryParser, type CopyRow } from './copy-binary.ts';

type Fields = readonly (Buffer | null)[];

const HEADER = Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), Buffer.alloc(8)]);
const END = Buffer.from([0xff, 0xff]);

function encode(rows: readonly Fields[]): Buffer {
  const int16 = (value: number) => {
    const bytes = Buffer.alloc(2);
    bytes.writeInt16BE(value);
    return bytes;
  };
  const int32 = (value: number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(value);
    return bytes;
  };
  const body = rows.flatMap((fields) => [
    int16(fields.length),
    ...fields.flatMap((field) => (field === null ? [int32(-1)] : [int32(field.length), field])),
  ]);
  return Buffer.concat([HEADER, ...body, END]);
}

function parse(chunks: readonly Buffer[]): { rows: Fields[]; hasEnded: boolean } {
  const parser = new CopyBinaryParser();
  const rows = chunks.flatMap((chunk) => Array.from(parser.rows(chunk), fieldsOf));
  return { rows, hasEnded: parser.hasEnded };
}

function fieldsOf(row: CopyRow): Fields {
  return Array.from({ length: row.columns }, (_, column) =>
    row.isNull(column) ? null : row.bytes(column),
  );
}

const field = fc.option(fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)));
const rows = fc.array(fc.array(field, { maxLength: 6 }), { maxLength: 12 });

describe('the parser of binary COPY', () => {
  it('finds the same rows however the bytes are cut', () => {
    fc.assert(
      fc.property(rows, fc.array(fc.nat(1000), { maxLength: 20 }), (expected, cuts) => {
        const bytes = encode(expected);
        const places = [0, ...cuts.map((cut) => cut % bytes.length), bytes.length].sort(
          (left, right) => left - right,
        );
        const chunks = places.slice(1).map((place, index) => bytes.subarray(places[index], place));
        const found = parse(chunks);
        expect(found.hasEnded).toBe(true);
        expect(found.rows).toEqual(expected);
      }),
    );
  });

  it('takes one byte at a time', () => {
    const expected = [[Buffer.from('a'), null, Buffer.alloc(0)], [Buffer.from('bc')]];
    const bytes = encode(expected);
    const found = parse([...bytes].map((byte) => Buffer.from([byte])));
    expect(found).toEqual({ rows: expected, hasEnded: true });
  });

  it('tells a copy that was cut off from one that ended', () => {
    const bytes = encode([[Buffer.from('a')]]);
    expect(parse([bytes.subarray(0, -2)])).toEqual({
      rows: [[Buffer.from('a')]],
      hasEnded: false,
    });
  });

  it('skips a header extension', () => {
    const extended = Buffer.concat([HEADER, Buffer.from('more')]);
    extended.writeInt32BE(4, HEADER.length - 4);
    const bytes = Buffer.concat([extended, encode([[Buffer.from('a')]]).subarray(HEADER.length)]);
    expect(parse([bytes])).toEqual({ rows: [[Buffer.from('a')]], hasEnded: true });
  });

  it('writes uuids as PostgreSQL does', () => {
    fc.assert(
      fc.property(fc.uuid(), (uuid) => {
        const bytes = Buffer.from(uuid.replaceAll('-', ''), 'hex');
        const copy = encode([[Buffer.from('before'), bytes]]);
        const found = Array.from(new CopyBinaryParser().rows(copy), (row) => row.uuid(1));
        expect(found).toEqual([uuid]);
      }),
    );
  });

  it('refuses bytes of another kind', () => {
    expect(() => parse([Buffer.from('1\ttext format\n\\.\n and more')])).toThrow('binary COPY');
  });
});
