import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { StoredEvent } from '@nova/events';
import type { Queryable } from '@nova/postgres';
import { MemberAddedSchema } from '@nova/proto/gen/messaging/conversation_events_pb';
import { type TestDatabase, testDatabase } from '@nova/testkit';
import {
  applyEvent,
  createGenerationSchema,
  decodeEvent,
  defineView,
  definitionHash,
  describeTables,
  type Handler,
  on,
  planEvent,
  RowSet,
  useGeneration,
} from './index.ts';

interface Seat {
  readonly conversation_id: string;
  readonly user_id: string;
  readonly note?: string | null;
  readonly sequence?: unknown;
  readonly tags?: unknown;
  readonly words?: readonly string[] | null;
}

type SeatFold = Handler<Seat, 'conversation_id' | 'user_id'>['fold'];

const seats = (fold: SeatFold, version = 1) =>
  defineView<Seat, 'conversation_id' | 'user_id'>({
    name: 'seat_view',
    version,
    table: new URL('./testdata/seat.sql', import.meta.url),
    key: ['conversation_id', 'user_id'],
    handlers: [
      on(MemberAddedSchema, {
        keys: ({ aggregateId, payload }) => [
          { conversation_id: payload.role ?? aggregateId, user_id: payload.userId ?? '' },
        ],
        fold,
      }),
    ],
  });

function joined(user: string, version = 1n, more: object = {}): StoredEvent {
  return {
    position: { epoch: 'e', position: version },
    eventId: crypto.randomUUID(),
    eventType: 'member_added',
    schemaVersion: 1,
    aggregateType: 'conversation',
    aggregateId: 'room',
    aggregateVersion: version,
    typeSequence: version,
    previous: {},
    lane: 0,
    payload: Buffer.from(
      JSON.stringify({ user_id: user, from_the_future: 1, added_by: null, ...more }),
    ),
    source: '/nova/spec',
    occurredAt: '2026-01-01T00:00:00.000000Z',
    storedAt: '2026-01-01T00:00:00.000000Z',
    annotations: {},
  };
}

let store: TestDatabase;
let schemas = 0;
beforeAll(async () => {
  store = await testDatabase();
});
afterAll(() => store.drop());

/** Counts the statements of a round. */
function counting(tx: Queryable): Queryable & { count: number } {
  const counted: Queryable & { count: number } = {
    count: 0,
    query: (sql, params) => {
      counted.count += 1;
      return tx.query(sql, params);
    },
  };
  return counted;
}

async function round(fold: SeatFold, events: readonly StoredEvent[], schema: string) {
  return store.database.transaction(async (tx) => {
    const tables = await describeTables(tx, schema, [seats(fold)]);
    const rows = new RowSet();
    const plans = events.map((event) =>
      planEvent(tables, decodeEvent(event, { schema: MemberAddedSchema })),
    );
    for (const { touches } of plans) for (const { name } of touches) rows.want(name);
    const counted = counting(tx);
    await rows.load(counted);
    for (const plan of plans) applyEvent(rows, plan);
    await rows.save(counted);
    const stored = await tx.query<Seat>(
      'SELECT conversation_id, user_id, note, sequence::integer, tags, words FROM seat_view ORDER BY user_id',
    );
    return { stored, statements: counted.count };
  });
}

async function newSchema(): Promise<string> {
  schemas += 1;
  const schema = `views_g${schemas}`;
  await store.database.transaction((tx) =>
    createGenerationSchema(tx, schema, [seats((row) => row)]),
  );
  return schema;
}

const count: SeatFold = (row, _event, key) => ({
  ...key,
  note: `${row?.note ?? ''}+`,
  sequence: Number(row?.sequence ?? 0) + 1,
  tags: { nested: [1, { left: undefined }] },
  words: ['a', 'b "c"'],
});

describe('a round over views', () => {
  it('reads each view once and writes it once, folding several events of a row in order', async () => {
    const schema = await newSchema();
    const { stored, statements } = await round(
      count,
      [joined('a'), joined('b'), joined('a')],
      schema,
    );
    expect(statements).toBe(2);
    expect(stored.map(({ user_id, note, sequence }) => [user_id, note, sequence])).toEqual([
      ['a', '++', 2],
      ['b', '+', 1],
    ]);
    expect(stored[0]?.tags).toEqual({ nested: [1, {}] });
    expect(stored[0]?.words).toEqual(['a', 'b "c"']);
  });

  it('gives the same rows whether events come in one round or in many', async () => {
    const [one, many] = [await newSchema(), await newSchema()];
    const seen: unknown[] = [];
    const noting: SeatFold = (row, event, key) => {
      seen.push(row);
      return count(row, event, key);
    };
    const together = await round(noting, [joined('a'), joined('a'), joined('a')], one);
    await round(noting, [joined('a')], many);
    await round(noting, [joined('a')], many);
    const apart = await round(noting, [joined('a')], many);
    expect(apart.stored).toEqual(together.stored);
    expect(seen.slice(3)).toEqual(seen.slice(0, 3));
  });

  it('deletes a row, and leaves one alone that the fold gives back', async () => {
    const schema = await newSchema();
    await round(count, [joined('a'), joined('b')], schema);
    const same = await round((row) => row, [joined('a')], schema);
    expect(same.statements).toBe(1);
    const fewer = await round(() => undefined, [joined('a')], schema);
    expect(fewer.stored.map(({ user_id }) => user_id)).toEqual(['b']);
  });

  it.each<[string, SeatFold, object, string]>([
    ['bigint', (_row, _event, key) => ({ ...key, sequence: 1n }), {}, 'bigint'],
    ['unknown column', (_row, _event, key) => ({ ...key, nothing: 1 }), {}, 'nothing'],
    ['another key', (_row, _event, key) => ({ ...key, user_id: 'x' }), {}, 'key'],
    ['row of another aggregate', (row) => row, { role: 'elsewhere' }, 'begin with'],
  ])('refuses a %s', async (_what, fold, payload, reason) => {
    const schema = await newSchema();
    await expect(round(fold, [joined('a', 1n, payload)], schema)).rejects.toThrow(reason);
  });

  it('hands out rows that cannot be changed in place', async () => {
    const schema = await newSchema();
    await round(count, [joined('a')], schema);
    const changing: SeatFold = (row) =>
      row === undefined ? row : Object.assign(row, { note: 'x' });
    await expect(round(changing, [joined('a')], schema)).rejects.toThrow(TypeError);
  });
});

describe('createGenerationSchema', () => {
  it('refuses a column whose values would come back in another form', async () => {
    const timed = defineView<{ conversation_id: string; at: string }, 'conversation_id'>({
      name: 'timed_view',
      version: 1,
      table: new URL('./testdata/timed.sql', import.meta.url),
      key: ['conversation_id'],
      handlers: [on(MemberAddedSchema, { keys: () => [], fold: (row) => row })],
    });
    const made = store.database.transaction((tx) =>
      createGenerationSchema(tx, 'timed_g1', [timed]),
    );
    await expect(made).rejects.toThrow('timestamp with time zone');
  });

  it('keeps generations apart', async () => {
    const [one, other] = [await newSchema(), await newSchema()];
    await round(count, [joined('a')], one);
    const rows = await store.database.transaction(async (tx) => {
      await useGeneration(tx, other);
      return tx.query('SELECT 1 FROM seat_view');
    });
    expect(rows).toEqual([]);
  });
});

describe('definitionHash', () => {
  it('changes with a version, and with the event types, not with their order', () => {
    const hash = (version: number, types: readonly string[]) =>
      definitionHash([seats((row) => row, version)], types);
    expect(hash(1, ['b', 'a'])).toBe(hash(1, ['a', 'b']));
    expect(new Set([hash(1, ['a']), hash(2, ['a']), hash(1, ['a', 'b'])]).size).toBe(3);
  });
});
