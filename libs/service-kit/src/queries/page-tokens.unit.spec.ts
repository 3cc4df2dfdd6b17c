import { describe, expect, it } from '@jest/globals';
import { createPageTokens } from './page-tokens.ts';

const tokens = createPageTokens('a secret');
const METHOD = 'messaging.MessagingService/GetMessageHistory';
const filter = { conversation_id: 'c', order: 'newest' };

describe('createPageTokens', () => {
  it('reads what it wrote, for the same list only', () => {
    const token = tokens.encode(METHOD, filter, ['2026', 7]);
    expect(tokens.decode(METHOD, filter, token)).toEqual(['2026', 7]);
    expect(tokens.read(METHOD, { ...filter, order: 'oldest' }, token).ok).toBe(false);
    expect(tokens.read('messaging.MessagingService/Other', filter, token).ok).toBe(false);
    expect(createPageTokens('another').read(METHOD, filter, token).ok).toBe(false);
  });

  it('knows a filter whatever the order of its members', () => {
    const token = tokens.encode(METHOD, { a: 1, b: 2 }, 3);
    expect(tokens.decode(METHOD, { b: 2, a: 1 }, token)).toBe(3);
  });

  it('begins a list without a token', () => {
    expect(tokens.decode(METHOD, filter, '')).toBeUndefined();
  });

  it('takes no token that was changed anywhere', () => {
    const token = tokens.encode(METHOD, filter, '42');
    const isTaken = (text: string) => tokens.read(METHOD, filter, text).ok;
    for (let at = 0; at < token.length; at += 1) {
      const other = token[at] === 'A' ? 'B' : 'A';
      expect(isTaken(`${token.slice(0, at)}${other}${token.slice(at + 1)}`)).toBe(false);
    }
    for (const text of [token.slice(0, -1), `${token}=`, 'MTIz', '\u0000']) {
      expect(isTaken(text)).toBe(false);
    }
  });

  it('says which field is wrong', () => {
    const refusal = (field: string) => ({ code: 'NOVA_REQUEST_INVALID', violations: [{ field }] });
    const thrownBy = (work: () => unknown): unknown => {
      try {
        return work();
      } catch (thrown) {
        return thrown;
      }
    };
    const limits = { default: 20, maximum: 100 };
    expect(thrownBy(() => tokens.decode(METHOD, filter, 'made up'))).toMatchObject(
      refusal('page_token'),
    );
    expect(thrownBy(() => tokens.pageSize(-1, limits))).toMatchObject(refusal('page_size'));
    expect([0, 7, 2 ** 31 - 1].map((size) => tokens.pageSize(size, limits))).toEqual([20, 7, 100]);
  });
});
