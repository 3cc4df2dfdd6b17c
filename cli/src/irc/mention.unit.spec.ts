import { describe, expect, it } from '@jest/globals';
import { addressedNick } from './mention.ts';

const nicks = new Set(['bob', 'Bob', '[moth]', 'bo[w] line', '|QuaD-', 'a:b']);
const find = (text: string) => addressedNick(text, nicks, 10);

describe('addressedNick', () => {
  it.each([
    ['bob: hi', 'bob'],
    ['bob, hi', 'bob'],
    ['bob:', 'bob'],
    ['bob,hi', 'bob'],
    ['Bob: hi', 'Bob'],
    ['|QuaD-: hi', '|QuaD-'],
    ['bo[w] line: hi', 'bo[w] line'],
    ['[moth] : hi', '[moth]'],
    ['[moth]: hi', '[moth]'],
    ['a:b: hi', 'a:b'],
    ['bob: [moth]: only the first', 'bob'],
  ])('finds who %j is for', (text, nick) => {
    expect(find(text)).toBe(nick);
  });

  it.each([
    'bob',
    'bob hi',
    ' bob: hi',
    '@bob: hi',
    'bob : hi',
    'BOB: hi',
    'carol: hi',
    'hi bob: x',
    ': hi',
    '',
  ])('finds nobody in %j', (text) => {
    expect(find(text)).toBeUndefined();
  });
});
