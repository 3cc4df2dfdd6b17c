import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MemberAddedSchema } from '@nova/proto/gen/messaging/conversation_events_pb';
import { type TestDatabase, testDatabase } from '@nova/testkit';
import { createGenerationSchema, defineView, describeTables, on, RowSet } from './index.ts';
import { normalise, rowName } from './row-set.ts';

interface Typed {
  readonly id: string;
  readonly [column: string]: unknown;
}

const typed = defineView<Typed, 'id'>({
  name: 'typed_view',
  version: 1,
  table: new URL('./testdata/typed.sql', import.meta.url),
  key: ['id'],
  handlers: [on(MemberAddedSchema, { keys: () => [], fold: (row) => row })],
});

const SOME_ID = '550e8400-e29b-41d4-a716-446655440000';
const TEXTS = [
  ...[
    '',
    ' ',
    'plain',
    'tab\there',
    'line\nbreak\r\n',
    'back\\slash',
    '\\N',
    '\\.',
    'NULL',
    'null',
  ],
  ...[
    '"quoted"',
    "it's",
    '{a,b}',
    '{}',
    'ü 漢字 😀',
    '\u0001\u007f\u2028',
    '\\t',
    '\\\\\n',
    'x'.repeat(9000),
  ],
];
const NUMBERS = [0, -0, 1, -32_768, 32_767];
/** By column, values that its table takes. */
const TAKEN: Readonly<Record<string, readonly unknown[]>> = {
  txt: [...TEXTS, 5, true, 1e21, { a: [1, 'x'] }, ['a']],
  yes: [true, false, 'yes'],
  small: NUMBERS,
  whole: [...NUMBERS, 2 ** 31 - 1, '7'],
  large: [...NUMBERS, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER],
  broken: [...NUMBERS, 0.1, 1e-300, 1.7976931348623157e308, 1e21],
  doc: [...TEXTS, 0, true, [], {}, { a: { b: TEXTS, c: null } }, [1, [2, [3]]]],
  one_id: [SOME_ID, SOME_ID.toUpperCase()],
  texts: [[], TEXTS, [null], ['NULL', null, 'null'], [1, 'two'], [['a'], ['b']]],
  wholes: [[], [1, null, -5], ['7']],
  larges: [[], [Number.MAX_SAFE_INTEGER]],
  ids: [[], [SOME_ID, null]],
};
/** By column, values that PostgreSQL does not take. */
const REFUSED: readonly (readonly [string, unknown])[] = [
  ...[['txt', 'nul \u0000'] as const, ['txt', 'half \ud83d'] as const, ['whole', 2 ** 40] as const],
  ...[['small', 1.5] as const, ['one_id', 'nobody'] as const, ['doc', { a: '\u0000' }] as const],
  ...[['texts', ['\u0000']] as const, ['wholes', [2 ** 40]] as const],
];

let store: TestDatabase;
let schemas = 0;
beforeAll(async () => {
  store = await testDatabase();
});
afterAll(() => store.drop());

/** Saves rows into a generation of their own, one way or the other, and answers what is there. */
async function saved(way: 'transaction' | 'bulk', given: readonly Typed[]) {
  schemas += 1;
  const schema = `views_g${schemas}`;
  await store.database.transaction((tx) => createGenerationSchema(tx, schema, [typed]));
  const copied: string[] = [];
  const rows = await store.database[way](async (tx) => {
    const [table] = await describeTables(tx, schema, [typed]);
    if (table === undefined) throw new TypeError('no table');
    const set = new RowSet();
    for (const row of given) {
      const name = rowName(table, { id: row.id });
      set.set(name, normalise(table, name, row));
    }
    const copyIn = 'copyIn' in tx ? tx.copyIn : undefined;
    const watched = {
      ...tx,
      ...(copyIn && {
        copyIn: (sql: string, text: string) => {
          copied.push(text);
          return copyIn(sql, text);
        },
      }),
    };
    await set.save(watched);
    return tx.query<{ row: string }>(
      'SELECT to_jsonb(t)::text AS row FROM typed_view AS t ORDER BY id',
    );
  });
  return { rows: rows.map(({ row }) => row), lines: copied.join('').split('\n').length - 1 };
}

const padding = Array.from({ length: 30 }, (_, n): Typed => ({ id: `padding ${n}`, txt: 'x' }));

describe('rows that are copied in', () => {
  it('are what the ordinary write leaves, whatever their columns hold', async () => {
    const given = Object.entries(TAKEN).flatMap(([column, values]) =>
      values.map((value, n): Typed => ({ id: `${column} ${n} \t"\\`, [column]: value })),
    );
    given.push({ id: '', txt: 'whose first column is empty' });
    const written = await saved('transaction', given);
    const bulk = await saved('bulk', given);
    expect(bulk.rows).toEqual(written.rows);
    expect(written.lines).toBe(0);
    // All but those whose values are of another kind than their columns.
    expect(bulk.lines).toBe(given.length - 10);
  });

  it.each(REFUSED)('are refused where the ordinary write is: %s %j', async (column, value) => {
    const given = [...padding, { id: 'ill', [column]: value }];
    for (const way of ['transaction', 'bulk'] as const) {
      await expect(saved(way, given)).rejects.toMatchObject({
        code: expect.stringMatching(/^NOVA_POSTGRES_(REFUSED|TEXT_INVALID)$/),
      });
    }
    // The connection is still of use.
    expect((await saved('bulk', padding)).rows).toHaveLength(30);
  });

  it('are written in the ordinary way where they are few', async () => {
    expect(await saved('bulk', padding.slice(0, 5))).toMatchObject({ lines: 0 });
    expect((await saved('bulk', padding)).lines).toBe(30);
  });
});
