import { describe, expect, it } from '@jest/globals';
import { decodeOwned, encodeOwned } from './owned-partitions.ts';

describe('what a member tells of its partitions', () => {
  it('comes back as it was', () => {
    const owned = new Map([
      ['nova_events_message_created', [0, 3]],
      ['nova_events_message_edited', []],
    ]);
    expect(decodeOwned(encodeOwned(owned))).toEqual(owned);
  });

  it.each(['', 'nonsense', '{}', '[1]', '[["a"]]', '[["a", "b"]]', '[[1, [2]]]'])(
    'is nothing when it reads %j',
    (text) => {
      expect(decodeOwned(Buffer.from(text))).toEqual(new Map());
    },
  );

  it('leaves out what is not a number', () => {
    expect(decodeOwned(Buffer.from('[["a", [1, "2", 2.5]]]'))).toEqual(new Map([['a', [1]]]));
  });
});
