import { describe, expect, it } from '@jest/globals';
import { fitting, gatherPage } from './pages.ts';

const sizeOf = (bytes: number) => bytes;

/** Pages of a list of rows of these sizes, read to its end; and the limits of all queries. */
async function readAll(rows: readonly number[], size: number, maxBytes?: number) {
  const list = rows.map((bytes, at) => ({ at, bytes }));
  const pages: number[][] = [];
  const limits: number[] = [];
  for (let start = 0; ; ) {
    const bounds = { size, sizeOf: (row: (typeof list)[number]) => row.bytes };
    const page = await gatherPage(
      maxBytes === undefined ? bounds : { ...bounds, maxBytes },
      async (after, limit) => {
        limits.push(limit);
        const from = after === undefined ? start : after.at + 1;
        return list.slice(from, from + limit);
      },
    );
    pages.push(page.rows.map(({ bytes }) => bytes));
    start += page.rows.length;
    if (!page.goesOn) return { pages, limits };
  }
}

describe('fitting', () => {
  it('keeps the longest beginning that fits, and nothing behind it', () => {
    expect(fitting([3, 4, 3, 1, 0], sizeOf, 10)).toEqual([3, 4, 3]);
    expect(fitting([3, 4, 4, 1], sizeOf, 10)).toEqual([3, 4]);
  });

  it('keeps one that is larger than a whole page', () => {
    expect(fitting([11, 1], sizeOf, 10)).toEqual([11]);
    expect(fitting([], sizeOf, 10)).toEqual([]);
  });

  it('has pages of 1 MiB unless told', () => {
    const quarter = 256 * 1024;
    expect(fitting([quarter, quarter, quarter, quarter, 1], sizeOf)).toHaveLength(4);
    const row = { text: 'ä'.repeat(quarter), count: 2n ** 63n };
    expect(fitting([row, row, row])).toHaveLength(1);
  });
});

describe('gatherPage', () => {
  it('ends a page at its size, and tells whether the list goes on', async () => {
    expect((await readAll([1, 1, 1, 1, 1], 2)).pages).toEqual([[1, 1], [1, 1], [1]]);
    expect((await readAll([1, 1, 1, 1], 2)).pages).toEqual([
      [1, 1],
      [1, 1],
    ]);
    expect((await readAll([], 2)).pages).toEqual([[]]);
  });

  it('ends a page early by bytes, and has every row once', async () => {
    expect((await readAll([6, 3, 2, 12, 1, 9, 1], 5, 10)).pages).toEqual([
      [6, 3],
      [2],
      [12],
      [1, 9],
      [1],
    ]);
  });

  it('reads a long page in parts, also one of which a part fits exactly', async () => {
    const rows = Array.from({ length: 200 }, (_, at) => at);
    const { pages, limits } = await readAll(rows, 150);
    expect(pages).toEqual([rows.slice(0, 150), rows.slice(150)]);
    expect(Math.max(...limits)).toBeLessThanOrEqual(64);
    expect((await readAll(rows.slice(0, 128), 128)).pages).toEqual([rows.slice(0, 128)]);
  });
});
