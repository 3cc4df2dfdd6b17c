import { describe, expect, it } from '@jest/globals';
import { Violations } from '../domain/violations.ts';
import { acceptPage, createPageTokens } from './page.ts';

const tokens = createPageTokens('a secret');
const filter = ['type', 'message_created'];

describe('createPageTokens', () => {
  it('reads what it wrote, for the same list only', () => {
    const token = tokens.write(filter, '42');
    expect(tokens.read(filter, token)).toBe('42');
    expect(tokens.read(['type', 'user_created'], token)).toBeUndefined();
    expect(createPageTokens('another').read(filter, token)).toBeUndefined();
  });

  it('takes no token that was changed anywhere', () => {
    const token = tokens.write(filter, '42');
    for (let at = 0; at < token.length; at += 1) {
      const changed = `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`;
      expect(tokens.read(filter, changed)).toBeUndefined();
    }
    expect(tokens.read(filter, token.slice(0, -1))).toBeUndefined();
    expect(tokens.read(filter, `${token}=`)).toBeUndefined();
    expect(tokens.read(filter, 'MTIz')).toBeUndefined();
    expect(tokens.read(filter, '\u0000')).toBeUndefined();
  });
});

describe('acceptPage', () => {
  const page = (pageSize: number, pageToken = '') => {
    const violations = new Violations();
    return { ...acceptPage({ pageSize, pageToken }, filter, tokens, violations), violations };
  };

  it('takes 0 as 100 and more than 500 as 500', () => {
    expect(page(0).size).toBe(100);
    expect(page(7).size).toBe(7);
    expect(page(2 ** 31 - 1).size).toBe(500);
  });

  it('refuses a negative size and a forged token', () => {
    expect(page(-1).violations.all.map(({ field }) => field)).toEqual(['page_size']);
    expect(page(1, 'forged').violations.all.map(({ field }) => field)).toEqual(['page_token']);
  });
});
