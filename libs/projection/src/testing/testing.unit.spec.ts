import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from '@jest/globals';
import {
  MemberAddedSchema,
  MemberRemovedSchema,
} from '@nova/proto/gen/messaging/conversation_events_pb';
import { defineView, on } from '../view.ts';
import { goldenProblem } from './golden.ts';
import { MemoryViews } from './memory-views.ts';
import { recorded } from './recorded-events.ts';

const ROOM = '550e8400-e29b-41d4-a716-446655440000';
const ANN = '11111111-2222-4333-8444-555555555555';
const BOB = '22222222-2222-4333-8444-555555555555';

interface Seat {
  readonly conversation_id: string;
  readonly user_id: string;
  readonly note: string;
  readonly sequence: number;
}

const keys = ({ aggregateId, payload: { userId = '' } }: SeatEvent) => [
  { conversation_id: aggregateId, user_id: userId },
];
type SeatEvent = { aggregateId: string; payload: { userId?: string | undefined } };

const seats = (version: number, note: string) =>
  defineView<Seat, 'conversation_id' | 'user_id'>({
    name: 'seat_view',
    version,
    table: new URL('../testdata/seat.sql', import.meta.url),
    key: ['conversation_id', 'user_id'],
    handlers: [
      on(MemberAddedSchema, {
        keys,
        fold: (row, event, key) => ({
          ...key,
          note: (row?.note ?? '') + note,
          sequence: Number(event.typeSequence),
        }),
      }),
      on(MemberRemovedSchema, { keys, fold: () => undefined }),
    ],
  });

const added = (user: string) => ({
  event_type: 'member_added',
  aggregate_id: ROOM,
  payload: { user_id: user },
});
const events = recorded([
  added(ANN),
  added(BOB),
  added(ANN),
  { ...added(BOB), event_type: 'member_removed' },
]);

const parent = mkdtempSync(join(tmpdir(), 'nova-golden-'));
afterAll(() => rmSync(parent, { recursive: true }));

describe('recorded', () => {
  it('gives versions, sequences and predecessors as the log does', () => {
    expect(
      events.map((event) => [event.aggregateVersion, event.typeSequence, event.previous]),
    ).toEqual([
      [1n, 1n, {}],
      [2n, 2n, { member_added: 1n }],
      [3n, 3n, { member_added: 2n }],
      [4n, 1n, { member_added: 3n }],
    ]);
  });

  it('refuses what the log would refuse', () => {
    expect(() => recorded([{ ...added(ANN), payload: { user: ANN } }])).toThrow('record 0');
  });
});

describe('MemoryViews', () => {
  it('folds as a consumer does: rows by key, every column, deleted ones gone', () => {
    const view = seats(1, 'x');
    const memory = new MemoryViews([view]).apply(events);
    expect(memory.rows(view)).toEqual([
      { conversation_id: ROOM, user_id: ANN, note: 'xx', sequence: 3, tags: null, words: null },
    ]);
    expect(memory.row(view, { conversation_id: ROOM, user_id: BOB })).toBeUndefined();
  });
});

describe('goldenProblem', () => {
  it('is there when a result changes and the version does not', () => {
    const folder = new URL('golden/', pathToFileURL(`${parent}/`));
    const problem = (version: number, note: string) => {
      const view = seats(version, note);
      return goldenProblem(view, new MemoryViews([view]).apply(events).rows(view), folder);
    };
    expect(problem(1, 'x')).toContain('is written');
    expect(problem(1, 'x')).toBeUndefined();
    const before = readFileSync(new URL('seat_view.json', folder), 'utf8');
    expect(problem(1, 'y')).toContain('raise the version');
    expect(readFileSync(new URL('seat_view.json', folder), 'utf8')).toBe(before);
    expect(problem(2, 'y')).toContain('is written');
    expect(problem(2, 'y')).toBeUndefined();
    expect(problem(1, 'y')).toContain('after 2');
  });
});
