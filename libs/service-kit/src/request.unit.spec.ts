import { describe, expect, it } from '@jest/globals';
import type { Caller } from '@nova/rpc';
import { actingUser } from './request.ts';

const [ANN, BEN] = ['11111111-2222-4333-8444-555555555555', '22222222-2222-4333-8444-555555555555'];
const ann: Caller = { principal: ANN, userId: ANN, roles: new Set(), actsForOthers: false };
const service: Caller = {
  principal: 'service/x',
  roles: new Set(['service']),
  actsForOthers: true,
};

const act = (caller: Caller, given: string) => () => actingUser({ caller }, given, 'sender_id');

describe('actingUser', () => {
  it('is the caller, whether or not the request says so', () => {
    expect(act(ann, '')()).toBe(ANN);
    expect(act(ann, ANN)()).toBe(ANN);
  });

  it('is another user only for callers who act for others', () => {
    expect(act(service, BEN)()).toBe(BEN);
    expect(act({ ...ann, actsForOthers: true }, BEN)()).toBe(BEN);
    expect(act(ann, BEN)).toThrow('sender_id names another user');
  });

  it('must be named by a caller who is no user', () => {
    expect(act(service, '')).toThrow('sender_id must name the user');
  });
});
