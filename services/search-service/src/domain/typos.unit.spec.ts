import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { keysOf, mayBeMistyped, meantBy } from './typos.ts';

const word = (text: string) => ({ text, kind: 'word' }) as const;

/** Number of letters to insert, delete, replace or swap with a neighbour; the slow and sure way. */
function distance(a: string, b: string): number {
  const [from, to] = [[...a], [...b]];
  const table = from.concat('').map((_, row) => [row]);
  const cell = (row: number, column: number) => table[row]?.[column] ?? Number.POSITIVE_INFINITY;
  for (let column = 0; column <= to.length; column += 1) table[0]?.splice(column, 1, column);
  for (let row = 1; row <= from.length; row += 1) {
    for (let column = 1; column <= to.length; column += 1) {
      const same = from[row - 1] === to[column - 1];
      const swapped = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      table[row]?.splice(
        column,
        1,
        Math.min(
          cell(row - 1, column) + 1,
          cell(row, column - 1) + 1,
          cell(row - 1, column - 1) + (same ? 0 : 1),
          swapped && row > 1 && column > 1 ? cell(row - 2, column - 2) + 1 : 99,
        ),
      );
    }
  }
  return cell(from.length, to.length);
}

const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'й', '𐐨'), maxLength: 8 });

describe('a mistyped word', () => {
  it.each(['ubunto', 'ubutnu', 'ubntu', 'ubuuntu', 'xbuntu', 'bumte'])('may be %s', (text) => {
    const meant = meantBy(text, ['ubuntu', 'kubuntu', 'bunte', 'else']);
    expect(meant.length).toBeGreaterThan(0);
  });

  it('means what differs by one letter, and nothing else', () => {
    fc.assert(
      fc.property(letters, letters, (given, known) => {
        const isNear = distance(given, known) === 1;
        const isBeginning = known.startsWith(given);
        expect(meantBy(given, [known])).toEqual(isNear && !isBeginning ? [known] : []);
      }),
      { numRuns: 1000 },
    );
  });

  it('has a key in common with all that it may mean', () => {
    fc.assert(
      fc.property(letters, letters, (given, known) => {
        fc.pre(distance(given, known) <= 1);
        const keys = new Set(keysOf(known));
        expect(keysOf(given).some((key) => keys.has(key))).toBe(true);
      }),
    );
  });

  it('means at most forty words, those with its first letter before the others', () => {
    const known = [...'abcdefghijklmnopqrstuvwxyz'].flatMap((one) => [`${one}word`, `sword${one}`]);
    const meant = meantBy('sword', [...known, 'swort']);
    expect(meant.length).toBeLessThanOrEqual(40);
    expect(meant[0]).toBe('swort');
  });

  it('has four letters or more, and is no number, pair or emoji', () => {
    const kinds = [word('four'), word('one'), word('2004'), word('a'.repeat(25))];
    expect(kinds.map(mayBeMistyped)).toEqual([true, false, false, false]);
    expect(mayBeMistyped({ text: '東京', kind: 'pair' })).toBe(false);
  });
});
