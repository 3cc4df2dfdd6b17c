import { describe, expect, it } from '@jest/globals';
import { createPageTokens } from '@nova/service-kit';
import { Violations } from '../domain/violations.ts';
import { acceptPage, pageAfter } from './page.ts';

const tokens = createPageTokens('a secret');
const list = { method: 'events.EventsService/GetEventsByType', filter: ['message_created'] };

describe('acceptPage', () => {
  const page = (pageSize: number, pageToken = '') => {
    const violations = new Violations();
    return { ...acceptPage({ pageSize, pageToken }, list, tokens, violations), violations };
  };

  it('takes 0 as 100 and more than 500 as 500', () => {
    expect(page(0).size).toBe(100);
    expect(page(7).size).toBe(7);
    expect(page(2 ** 31 - 1).size).toBe(500);
  });

  it('goes on where the page before ended', () => {
    expect(page(1, pageAfter(list, tokens, 42n)).cursor).toBe(42n);
    expect(page(1).cursor).toBeUndefined();
  });

  it('refuses a negative size and a forged token', () => {
    expect(page(-1).violations.all.map(({ field }) => field)).toEqual(['page_size']);
    expect(page(1, 'forged').violations.all.map(({ field }) => field)).toEqual(['page_token']);
  });
});
