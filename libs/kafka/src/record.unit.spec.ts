import { describe, expect, it } from '@jest/globals';
import { firstPiece, type KafkaRecord, sizeOf } from './record.ts';

const record = (bytes: number): KafkaRecord => ({
  key: 'key',
  value: new Uint8Array(bytes),
  headers: { ce_id: 'id' },
});

function cut(records: readonly KafkaRecord[], limitBytes: number) {
  const pieces: (readonly KafkaRecord[])[] = [];
  for (let left = records; left.length > 0; left = left.slice(pieces.at(-1)?.length)) {
    const { records: piece, bytes } = firstPiece(left, limitBytes);
    expect(bytes).toBe(piece.reduce((sum, one) => sum + sizeOf(one), 0));
    pieces.push(piece);
  }
  return pieces;
}

describe('firstPiece, again and again', () => {
  it('keeps order and size, and leaves nothing out', () => {
    const records = [300, 300, 300, 700, 10, 10, 990, 1].map(record);
    const pieces = cut(records, 1000);
    expect(pieces.flat()).toEqual(records);
    for (const piece of pieces) {
      expect(piece.reduce((sum, one) => sum + sizeOf(one), 0)).toBeLessThanOrEqual(1100);
    }
    expect(pieces.map(({ length }) => length)).toEqual([2, 1, 3, 1, 1]);
  });

  it('gives a record that is too large a send of its own', () => {
    const records = [10, 5000, 10].map(record);
    expect(cut(records, 1000).map(({ length }) => length)).toEqual([1, 1, 1]);
  });

  it('cuts by number too, because the client copies lists', () => {
    const records = Array.from({ length: 2500 }, () => record(1));
    const pieces = cut(records, 1_000_000);
    expect(pieces.map(({ length }) => length)).toEqual([1000, 1000, 500]);
  });

  it('sends nothing for no records', () => {
    expect(firstPiece([], 1000)).toEqual({ records: [], bytes: 0 });
  });
});

describe('sizeOf', () => {
  it('counts bytes, not characters, of key and headers', () => {
    const ascii: KafkaRecord = { key: 'aa', value: new Uint8Array(), headers: { h: 'aa' } };
    const cyrillic: KafkaRecord = { ...ascii, key: 'яя', headers: { h: 'яя' } };
    expect(sizeOf(cyrillic) - sizeOf(ascii)).toBe(4);
  });
});
