import { Buffer } from 'node:buffer';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { foreignFile, LineSplitter, type RawLine } from './raw-line.ts';

function split(chunks: readonly Uint8Array[]): RawLine[] {
  const splitter = new LineSplitter();
  return [...chunks.flatMap((chunk) => splitter.push(chunk)), ...splitter.end()];
}

const bytes = (text: string) => Buffer.from(text, 'latin1');

describe('LineSplitter', () => {
  it('ends lines at LF only, drops a CR before it and numbers from 1', () => {
    const lines = split([Buffer.from('a\r\nb\rc\n\n\u2028d')]);
    expect(lines.map(({ number, text }) => [number, text])).toEqual([
      [1, 'a'],
      [2, 'b\rc'],
      [3, ''],
      [4, '\u2028d'],
    ]);
  });

  it('has no line after the last line end', () => {
    expect(split([bytes('a\n')])).toHaveLength(1);
    expect(split([])).toHaveLength(0);
  });

  it('drops a byte order mark at the beginning and nowhere else', () => {
    expect(split([bytes('\xef\xbb\xbfa\n\xef\xbb\xbfb')]).map(({ text }) => text)).toEqual([
      'a',
      '\ufeffb',
    ]);
  });

  it('says which lines are not UTF-8 and makes them valid text', () => {
    const [good, bad] = split([bytes('caf\xc3\xa9\ncaf\xe9')]);
    expect(good).toMatchObject({ text: 'café', validUtf8: true });
    expect(bad).toMatchObject({ text: 'caf\ufffd', validUtf8: false });
  });

  it('cuts a line that is longer than a mebibyte and goes on after it', () => {
    const long = Buffer.alloc(3 * 1024 * 1024, 'x');
    const lines = split([long.subarray(0, 700_000), long.subarray(700_000), bytes('\nnext\n')]);
    expect(lines.map(({ cut, bytes: count }) => [cut, count])).toEqual([
      [true, long.length],
      [false, 4],
    ]);
    expect(lines[0]?.text).toHaveLength(1024 * 1024);
    expect(lines[1]).toMatchObject({ number: 2, text: 'next' });
  });

  it('finds the same lines however the bytes are cut into chunks', () => {
    const interesting = fc.constantFrom(0x0a, 0x0d, 0x61, 0xc3, 0xa9, 0xe9, 0xef, 0xbb, 0xbf, 0x00);
    fc.assert(
      fc.property(
        fc.array(fc.oneof(interesting, fc.nat({ max: 255 })), { maxLength: 200 }),
        fc.array(fc.nat({ max: 200 }), { maxLength: 8 }),
        (content, cuts) => {
          const whole = Buffer.from(content);
          const at = [0, ...cuts.filter((cut) => cut <= whole.length).sort((a, b) => a - b)];
          const chunks = at.map((from, index) => whole.subarray(from, at[index + 1]));
          expect(split(chunks)).toEqual(split([whole]));
          // Told differently: as many lines as line ends, and one more when something follows.
          const ends = content.filter((byte) => byte === 0x0a).length;
          const trailing = content.length > 0 && content.at(-1) !== 0x0a ? 1 : 0;
          expect(split([whole])).toHaveLength(ends + trailing);
        },
      ),
    );
  });
});

describe('foreignFile', () => {
  it('tells compressed files and UTF-16 from text', () => {
    expect(foreignFile(bytes('\x1f\x8b\x08'))).toBe('compressed');
    expect(foreignFile(bytes('\xff\xfea\0'))).toBe('UTF-16');
    expect(foreignFile(bytes('[09'))).toBeUndefined();
    expect(foreignFile(bytes(''))).toBeUndefined();
  });
});
