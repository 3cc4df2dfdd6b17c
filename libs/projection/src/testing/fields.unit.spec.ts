import { describe, expect, it } from '@jest/globals';
import { MemberAddedSchema } from '@nova/proto/gen/messaging/conversation_events_pb';
import { defineView, on } from '../view.ts';
import { fieldProblems } from './fields.ts';

interface Seat {
  readonly conversation_id: string;
  readonly user_id: string;
  readonly note: string;
  readonly sequence: number;
}

type Payload = { readonly userId?: string | undefined; readonly role?: string | undefined };
type Event = { readonly aggregateId: string; readonly payload: Payload };

/** A view whose folds are typed more widely than what it declares, as a careless one might be. */
function seats(noteOf: (payload: Payload) => string, fields?: readonly ('userId' | 'role')[]) {
  return defineView<Seat, 'conversation_id' | 'user_id'>({
    name: 'seat_view',
    version: 1,
    table: new URL('../testdata/seat.sql', import.meta.url),
    key: ['conversation_id', 'user_id'],
    handlers: [
      on(MemberAddedSchema, {
        ...(fields === undefined ? {} : { fields }),
        keys: ({ aggregateId, payload: { userId = '' } }: Event) => [
          { conversation_id: aggregateId, user_id: userId },
        ],
        fold: (_row, { payload }: Event, key) => ({ ...key, note: noteOf(payload), sequence: 1 }),
      }),
    ],
  });
}

const problems = (...given: Parameters<typeof seats>) => fieldProblems(seats(...given), []);

describe('fieldProblems', () => {
  it('finds nothing where a view declares what it reads', () => {
    expect(problems(({ role = '' }) => role, ['userId', 'role'])).toEqual([]);
    expect(problems(() => '', ['userId'])).toEqual([]);
  });

  it('names a field that is read and not declared, also where a fold looks at all of them', () => {
    expect(problems(({ role = '' }) => role, ['userId'])).toEqual([
      'seat_view reads role of member_added, and says otherwise',
    ]);
    expect(problems((payload) => Object.keys(payload).join(), ['userId', 'role'])).toEqual([
      'seat_view reads added_by of member_added, and says otherwise',
    ]);
  });

  it('names a field that is declared and never read, and a view that declares nothing', () => {
    expect(problems(() => '', ['userId', 'role'])).toEqual([
      'seat_view never reads role of member_added, and says otherwise',
    ]);
    expect(problems(() => '')).toEqual(['seat_view does not say what it reads of member_added']);
  });
});
