import { describe, expect, it } from '@jest/globals';
import { isRead, marksAll, marksOne } from './mark-read.ts';

const at = (second: number) => `2026-11-21T12:00:0${second}.000000Z`;
const notification = { user_id: 'ann', stored_at: at(2), read_at: null };
const who = { notificationId: 'n', userId: 'ann' };

describe('isRead', () => {
  it('is true for what the user marked, and for what was stored at or before the cutoff', () => {
    expect(isRead(notification, undefined)).toBe(false);
    expect(isRead({ ...notification, read_at: at(3) }, undefined)).toBe(true);
    expect(isRead(notification, { read_all_up_to: null })).toBe(false);
    expect(isRead(notification, { read_all_up_to: at(1) })).toBe(false);
    expect(isRead(notification, { read_all_up_to: at(2) })).toBe(true);
  });
});

describe('marksOne', () => {
  it('is for the owner alone, and tells others nothing', () => {
    const refusal = { code: 'NOVA_NOTIFICATION_NOT_FOUND' };
    const tried = (userId: string, row: typeof notification | undefined) => {
      try {
        return marksOne({ ...who, userId }, row, undefined);
      } catch (thrown) {
        return thrown;
      }
    };
    expect(tried('ann', notification)).toBe(true);
    expect(tried('bob', notification)).toMatchObject(refusal);
    expect(tried('ann', undefined)).toMatchObject(refusal);
    const messages = [tried('bob', notification), tried('bob', undefined)].map(String);
    expect(messages[0]).toBe(messages[1]);
  });

  it('changes nothing where it is read already', () => {
    expect(marksOne(who, { ...notification, read_at: at(3) }, undefined)).toBe(false);
    expect(marksOne(who, notification, { read_all_up_to: at(4) })).toBe(false);
  });
});

describe('marksAll', () => {
  it('moves the cutoff forward only', () => {
    expect(marksAll(undefined, undefined)).toBe(false);
    expect(marksAll(at(2), undefined)).toBe(true);
    expect(marksAll(at(2), { read_all_up_to: at(1) })).toBe(true);
    expect(marksAll(at(2), { read_all_up_to: at(2) })).toBe(false);
    expect(marksAll(at(2), { read_all_up_to: at(3) })).toBe(false);
  });
});
