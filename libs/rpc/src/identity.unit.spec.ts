import { describe, expect, it } from '@jest/globals';
import { isNovaError } from '@nova/errors';
import { developmentIdentity, identityFor, ROLES, type Role } from './index.ts';

const USER = '550e8400-e29b-41d4-a716-446655440000';

function identify(headers: Record<string, string | string[]>) {
  return developmentIdentity.identify({
    headers: { all: (name) => [headers[name] ?? []].flat() },
    peer: '127.0.0.1:1',
    certificate: undefined,
  });
}

describe('the identity of development mode', () => {
  it('is dev with every role where no header is sent', () => {
    expect(identify({})).toEqual({
      principal: 'dev',
      userId: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-5/),
      roles: new Set(ROLES),
      actsForOthers: true,
    });
  });

  it('is a bare user without roles', () => {
    expect(identify({ 'x-user-id': USER })).toEqual({
      principal: USER,
      userId: USER,
      roles: new Set(),
      actsForOthers: false,
    });
  });

  it('has the roles that are named', () => {
    expect(identify({ 'x-user-id': USER, 'x-nova-roles': 'reader, writer' })).toMatchObject({
      roles: new Set(['reader', 'writer']),
      actsForOthers: false,
    });
  });

  it('is a service, which acts for others only with the role', () => {
    expect(identify({ 'x-nova-service': 'messaging-service' })).toEqual({
      principal: 'service/messaging-service',
      service: 'messaging-service',
      roles: new Set(),
      actsForOthers: false,
    });
    expect(
      identify({
        'x-nova-service': 'messaging-service',
        'x-user-id': USER,
        'x-nova-roles': 'service',
      }),
    ).toEqual({
      principal: USER,
      userId: USER,
      service: 'messaging-service',
      roles: new Set(['service']),
      actsForOthers: true,
    });
  });

  it.each([
    ['a user id in capitals', { 'x-user-id': USER.toUpperCase() }],
    ['a user id in braces', { 'x-user-id': `{${USER}}` }],
    ['a user id without dashes', { 'x-user-id': USER.replaceAll('-', '') }],
    ['an empty user id', { 'x-user-id': '' }],
    ['a user id with a space', { 'x-user-id': ` ${USER}` }],
    ['two user ids', { 'x-user-id': [USER, USER] }],
    ['two user ids that HTTP/2 has joined', { 'x-user-id': `${USER}, ${USER}` }],
    ['an unknown role', { 'x-user-id': USER, 'x-nova-roles': 'root' }],
    ['an empty role', { 'x-user-id': USER, 'x-nova-roles': '' }],
    ['a role in capitals', { 'x-user-id': USER, 'x-nova-roles': 'Reader' }],
    ['roles of nobody', { 'x-nova-roles': 'admin' }],
    ['two services', { 'x-nova-service': ['a', 'b'] }],
    ['a service with a slash', { 'x-nova-service': 'a/b' }],
    ['a service name that is too long', { 'x-nova-service': 'a'.repeat(64) }],
    ['a token that nothing here can verify', { authorization: 'Bearer x' }],
    ['a token beside a user id', { authorization: 'Bearer x', 'x-user-id': USER }],
  ])('refuses %s as UNAUTHENTICATED', (_, headers) => {
    let thrown: unknown;
    try {
      void identify(headers);
    } catch (failure) {
      thrown = failure;
    }
    expect(isNovaError(thrown) && thrown.kind.status).toBe('UNAUTHENTICATED');
  });
});

describe('the identity source of a server', () => {
  it('is the configured one, and in development mode for callers with a token', async () => {
    const token = { principal: 'of the token', roles: new Set<Role>(), actsForOthers: false };
    const own = { name: 'own', headers: [], identify: () => token };
    expect(identityFor('production', own)).toBe(own);
    const either = identityFor('development', own);
    const by = (name: string) => ({
      headers: { all: (asked: string) => (asked === name ? ['x'] : []) },
      peer: '127.0.0.1:1',
      certificate: undefined,
    });
    expect(await either.identify(by('authorization'))).toBe(token);
    expect(await either.identify(by('nothing'))).toMatchObject({ principal: 'dev' });
  });

  it('is headers in development and a refusal to start in production', () => {
    expect(identityFor('development')).toBe(developmentIdentity);
    expect(() => identityFor('production')).toThrow(
      expect.objectContaining({ code: 'NOVA_RPC_IDENTITY_MISSING' }),
    );
  });
});
