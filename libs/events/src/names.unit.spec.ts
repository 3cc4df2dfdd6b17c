import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { formatPosition, parsePosition } from './position.ts';
import { deadLetterTopicOf, topicOf } from './topics.ts';

describe('topicOf', () => {
  it('puts the event type behind the prefix', () => {
    expect(topicOf('message_created')).toBe('nova_events_message_created');
    expect(deadLetterTopicOf('message_created')).toBe('nova_dlt_message_created');
  });

  it.each([
    '',
    'message',
    'message.created',
    'Message_created',
    'message_created\n',
    '../x',
    'a b_c',
    '_a_b',
    'a__b',
    'a_b_',
    'mеssage_created', // a Cyrillic е
    `a_${'b'.repeat(99)}`,
  ])('makes no topic from %j', (text) => {
    expect(() => topicOf(text)).toThrow(TypeError);
    expect(() => deadLetterTopicOf(text)).toThrow(TypeError);
  });
});

describe('parsePosition', () => {
  it('reads what formatPosition wrote, whatever the epoch', () => {
    const epochs = fc.stringMatching(/^[0-9A-Za-z_-]{1,64}$/);
    fc.assert(
      fc.property(epochs, fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }), (epoch, position) => {
        expect(parsePosition(formatPosition({ epoch, position }))).toEqual({ epoch, position });
      }),
    );
  });

  it('sorts as text as it does by number', () => {
    const position = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n });
    fc.assert(
      fc.property(position, position, (left, right) => {
        const [a, b] = [left, right].map((each) => formatPosition({ epoch: 'e', position: each }));
        expect((a ?? '') < (b ?? '')).toBe(left < right);
      }),
    );
  });

  it.each([
    '',
    'e',
    'e-1',
    '-0000000000000000001',
    'e-000000000000000001',
    'e-00000000000000000001x',
    'e-9999999999999999999',
    'é-0000000000000000001',
    'e-0000000000000000001\n',
  ])('does not read %j', (text) => {
    expect(parsePosition(text)).toBeUndefined();
  });
});
