import { describe, expect, it } from '@jest/globals';
import { ConditionSchema, PublishMode } from '@nova/proto/gen/events/event_pb';
import { create, type MessageInitShape } from '@nova/proto/runtime';
import { acceptCondition, acceptConditions, acceptMode } from './accept-conditions.ts';
import { ownTypes } from './known-types.ts';
import { Violations } from './violations.ts';

const ID = '550e8400-e29b-41d4-a716-446655440000';
const conversation = { aggregateType: 'conversation', aggregateId: ID };

function accept(given: MessageInitShape<typeof ConditionSchema>, fallback = true) {
  const violations = new Violations();
  const condition = acceptCondition(
    ownTypes,
    create(ConditionSchema, given),
    'condition',
    violations,
    fallback ? conversation : undefined,
  );
  return { condition, violations: violations.all };
}

describe('acceptCondition', () => {
  it('is about the aggregate of the event when it names none', () => {
    expect(accept({ must: { case: 'notExist', value: true } }).condition).toEqual({
      ...conversation,
      kind: 'absent',
    });
    expect(accept({ must: { case: 'exist', value: true } }).condition?.kind).toBe('exists');
    expect(accept({ must: { case: 'version', value: 4n } }).condition).toMatchObject({
      version: 4n,
    });
  });

  it('reads aliases of event types', () => {
    const noneSince = { eventTypes: ['message.sent', 'message_created'], version: 2n };
    expect(accept({ must: { case: 'noneSince', value: noneSince } }).condition).toEqual({
      ...conversation,
      kind: 'none_since',
      eventTypes: ['message_created'],
      version: 2n,
    });
  });

  it.each<[string, MessageInitShape<typeof ConditionSchema>, string]>([
    ['nothing', {}, 'condition'],
    ['false', { must: { case: 'notExist', value: false } }, 'condition.not_exist'],
    ['a negative version', { must: { case: 'version', value: -1n } }, 'condition.version'],
    [
      'no types',
      { must: { case: 'noneSince', value: { eventTypes: [] } } },
      'condition.none_since.event_types',
    ],
    [
      'a type of another aggregate',
      { must: { case: 'noneSince', value: { eventTypes: ['user_created'] } } },
      'condition.none_since.event_types[0]',
    ],
    [
      'an unknown aggregate type',
      { aggregateType: 'planet', must: { case: 'exist', value: true } },
      'condition.aggregate_type',
    ],
    [
      'an id that is not canonical',
      { aggregateId: ID.toUpperCase(), must: { case: 'exist', value: true } },
      'condition.aggregate_id',
    ],
  ])('refuses %s', (_, given, field) => {
    expect(accept(given).violations.map((violation) => violation.field)).toEqual([field]);
  });

  it('needs both names where nothing stands in for them', () => {
    const { violations } = accept({ must: { case: 'exist', value: true } }, false);
    expect(violations.map(({ field }) => field)).toEqual([
      'condition.aggregate_type',
      'condition.aggregate_id',
    ]);
  });
});

describe('acceptConditions', () => {
  it('gives each condition its index', () => {
    const violations = new Violations();
    const must = { case: 'exist', value: true } as const;
    acceptConditions(
      ownTypes,
      [create(ConditionSchema, { ...conversation, must }), create(ConditionSchema, conversation)],
      violations,
    );
    expect(violations.all.map(({ field }) => field)).toEqual(['conditions[1]']);
  });
});

describe('acceptMode', () => {
  it('takes zero as atomic and refuses what it does not know', () => {
    const violations = new Violations();
    expect(acceptMode(PublishMode.UNSPECIFIED, violations)).toBe('atomic');
    expect(acceptMode(PublishMode.EACH, violations)).toBe('each');
    expect(violations.none).toBe(true);
    // A number that the enum does not name, as an unknown client could send it.
    acceptMode(7 as PublishMode, violations);
    expect(violations.all[0]?.field).toBe('mode');
  });
});
