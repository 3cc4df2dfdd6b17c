import { describe, expect, it } from '@jest/globals';
import { defineView, onRegistered } from '@nova/projection';
import { MemberAddedSchema } from '@nova/proto/gen/messaging/conversation_events_pb';
import { effect } from './effect.ts';
import { fieldsOf } from './schemas.ts';

const table = new URL('./testdata/room.sql', import.meta.url);
const fold = { keys: () => [], fold: () => undefined };

function view(name: string, types: Readonly<Record<string, readonly string[] | undefined>>) {
  return defineView<{ id: string }, 'id'>({
    name,
    version: 1,
    table,
    key: ['id'],
    handlers: Object.entries(types).map(([eventType, fields]) => {
      const type = { eventType, aggregateType: 'order' };
      return onRegistered(fields === undefined ? type : { ...type, fields }, fold);
    }),
  });
}

describe('the fields that a consumer reads', () => {
  it('are those of all its views, and not known where one of them reads the whole', () => {
    const views = [
      view('one_view', { order_placed: ['total', 'customer'], order_shipped: ['carrier'] }),
      view('other_view', { order_placed: ['note', 'total'], order_shipped: undefined }),
      view('third_view', { order_lost: [] }),
    ];
    expect(fieldsOf({ views, effects: [] })).toEqual(
      new Map([
        ['order_placed', ['customer', 'note', 'total']],
        ['order_lost', []],
      ]),
    );
  });

  it('are those of its effects too', () => {
    const rest = { plan: () => [], judge: async () => undefined };
    const whole = effect(MemberAddedSchema, { name: 'whole', ...rest });
    const narrow = effect(MemberAddedSchema, { name: 'narrow', fields: ['userId'], ...rest });
    expect(fieldsOf({ views: [], effects: [narrow] })).toEqual(
      new Map([['member_added', ['user_id']]]),
    );
    expect(fieldsOf({ views: [], effects: [narrow, whole] })).toEqual(new Map());
  });
});
