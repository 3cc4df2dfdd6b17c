import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { SecureClientSessionOptions } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { loadConfig } from '@nova/config';
import type { Part } from '@nova/lifecycle';
import { silentLogger } from '@nova/telemetry';
import { systemClock } from '@nova/time';
import type { Caller } from './caller.ts';
import { configuredIdentity, identityFor, identityRules } from './index.ts';
import { identitySettings, serverTlsSettings } from './settings.ts';
import { type ExampleServer, eventsService, startExample } from './spec/example-server.ts';
import { type TestCertificate, testAuthority } from './testing/certificates.ts';
import { frame, rawConnection } from './testing/raw-call.ts';
import { jwksOf, testKey, tokenOf } from './testing/tokens.ts';

const USER = '550e8400-e29b-41d4-a716-446655440000';
const OTHER = '550e8400-e29b-41d4-a716-446655440001';
const ISSUER = 'https://issuer.test/nova';
const GRPC = { OK: 0, PERMISSION_DENIED: 7, UNAUTHENTICATED: 16 };
const PATH = '/events.EventsService/GetEvent';

const es = testKey('ES256', 'es-1');
const rsa = testKey('RS256', 'rs-1');
const ed = testKey('EdDSA', 'ed-1');
/** A key that the issuer does not have. */
const attacker = testKey('ES256', 'es-1');
const weak = testKey('RS256', 'weak', 1024);

const authority = testAuthority();
const stranger = testAuthority('an authority nobody trusts');
const gateway = authority.issue({ commonName: 'g', dnsNames: ['gateway.nova.test'] });
const messaging = authority.issue({ commonName: 'm', dnsNames: ['messaging.nova.test'] });

const now = Math.floor(Date.now() / 1000);
const good = { iss: ISSUER, aud: 'nova', sub: USER, exp: now + 300, roles: ['reader'] };

type Claims = Record<string, unknown>;
const bearer = (claims: Claims = {}, header: Claims = {}, key = es) =>
  `Bearer ${tokenOf(key, { ...good, ...claims }, header)}`;
const without = (...names: string[]) =>
  `Bearer ${tokenOf(es, Object.fromEntries(Object.entries(good).filter(([name]) => !names.includes(name))))}`;
const b64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const hmac = (key: string) => (text: string) => createHmac('sha256', key).update(text).digest();

let folder = '';
let served: ExampleServer;
let keys: readonly Part[] = [];
let caller: Caller | undefined;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nova-identity-'));
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const server = authority.issue({ commonName: 'localhost', dnsNames: ['localhost'] });
  const config = loadConfig({ ...identitySettings, ...serverTlsSettings }, identityRules, {
    NOVA_AUTH_JWKS_FILE: file('jwks.json', jwksOf(es, rsa, ed, weak)),
    NOVA_AUTH_ISSUER: ISSUER,
    NOVA_AUTH_AUDIENCE: 'nova,nova-admin',
    NOVA_AUTH_TRUSTED_PEERS: 'gateway.nova.test',
    NOVA_AUTH_SERVICE_PEERS: 'messaging-service=messaging.nova.test',
    NOVA_GRPC_TLS_CERT_FILE: file('server.pem', server.cert),
    NOVA_GRPC_TLS_KEY_FILE: file('server.key', server.key),
    NOVA_GRPC_TLS_CLIENT_CA_FILE: file('clients.pem', authority.cert),
  });
  const configured = configuredIdentity(config, { clock: systemClock, logger: silentLogger });
  keys = configured?.parts ?? [];
  for (const part of keys) await part.start();
  const getEvent = async (_: unknown, call: { caller: Caller }) => {
    caller = call.caller;
    return {};
  };
  served = await startExample([eventsService({ getEvent })], {
    identity: identityFor('production', configured?.source),
    tls: {
      certFile: config.grpcTlsCertFile ?? '',
      keyFile: config.grpcTlsKeyFile ?? '',
      clientCaFile: config.grpcTlsClientCaFile,
    },
  });
});
afterAll(async () => {
  await served.stop();
  for (const part of keys) await part.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Sends one call over a connection of its own, as it stands. */
async function call(
  headers: Record<string, string | string[]>,
  certificate?: TestCertificate,
  path = PATH,
) {
  caller = undefined;
  const tls: SecureClientSessionOptions = { ca: authority.cert, ...certificate };
  const raw = await rawConnection(served.port, tls);
  try {
    const { grpcStatus, grpcMessage } = await raw.call(path, frame(Buffer.alloc(0)), headers);
    return { grpcStatus, grpcMessage, caller };
  } finally {
    raw.close();
  }
}

type Headers = Record<string, string | string[]>;
const user = (...roles: string[]) => ({
  principal: USER,
  userId: USER,
  roles,
  actsForOthers: false,
});
const messagingService = (...roles: string[]) => ({
  principal: 'service/messaging-service',
  service: 'messaging-service',
  roles,
  actsForOthers: roles.includes('service'),
});

describe('a caller is known by', () => {
  const rows: [string, () => Headers, object, TestCertificate?][] = [
    ['a token signed with ES256', () => ({ authorization: bearer() }), user('reader')],
    ['a token signed with RS256', () => ({ authorization: bearer({}, {}, rsa) }), user('reader')],
    ['a token signed with EdDSA', () => ({ authorization: bearer({}, {}, ed) }), user('reader')],
    [
      'a token with the scheme in lower case',
      () => ({ authorization: bearer().replace('Bearer', 'bearer') }),
      user('reader'),
    ],
    [
      'a token for several audiences',
      () => ({ authorization: bearer({ aud: ['x', 'nova-admin'] }) }),
      user('reader'),
    ],
    [
      'a token that expired 10 s ago, clocks differ',
      () => ({ authorization: bearer({ exp: now - 10 }) }),
      user('reader'),
    ],
    [
      'a token good in 10 s, clocks differ',
      () => ({ authorization: bearer({ nbf: now + 10 }) }),
      user('reader'),
    ],
    [
      'a token without roles, which may then do nothing',
      () => ({ authorization: without('roles') }),
      user(),
    ],
    [
      'roles in one text',
      () => ({ authorization: bearer({ roles: 'writer reader' }) }),
      user('reader', 'writer'),
    ],
    [
      'a token with roles of other systems, which are none here',
      () => ({ authorization: bearer({ roles: ['owner', 'writer', 'constructor'] }) }),
      user('writer'),
    ],
    [
      'the token of a service',
      () => ({
        authorization: bearer({ sub: 'service/messaging-service', roles: ['service', 'reader'] }),
      }),
      messagingService('reader', 'service'),
    ],
    [
      'the token of a service by its bare name',
      () => ({ authorization: bearer({ sub: 'messaging-service', roles: ['service'] }) }),
      messagingService('service'),
    ],
    [
      'the token of a publisher that acts for nobody else',
      () => ({ authorization: bearer({ sub: 'service/messaging-service', roles: ['writer'] }) }),
      messagingService('writer'),
    ],
    ['the gateway, which says the user', () => ({ 'x-user-id': USER }), user(), gateway],
    [
      'the gateway, which says user and roles',
      () => ({ 'x-user-id': USER, 'x-nova-roles': 'reader,writer' }),
      user('reader', 'writer'),
      gateway,
    ],
    [
      'a token that the gateway passes on with the same user',
      () => ({ authorization: bearer(), 'x-user-id': USER }),
      user('reader'),
      gateway,
    ],
    ['the certificate of a service', () => ({}), messagingService('reader', 'service'), messaging],
    [
      "a token over a service's connection",
      () => ({ authorization: bearer() }),
      user('reader'),
      messaging,
    ],
  ];

  it.each(rows)('%s', async (...[, headers, expected, certificate]) => {
    const answer = await call(headers(), certificate);
    expect(answer.grpcMessage).toBe('');
    const { roles, ...rest } = answer.caller ?? { roles: new Set<string>() };
    expect({ ...rest, roles: [...roles].sort() }).toEqual(expected);
  });

  it('nothing at all where anybody may ask', async () => {
    expect(await call({}, undefined, '/grpc.health.v1.Health/Check')).toMatchObject({
      grpcStatus: GRPC.OK,
    });
  });
});

describe('UNAUTHENTICATED is', () => {
  const sent = (authorization: string | string[], more: Headers = {}): Headers => ({
    authorization,
    ...more,
  });
  const rows: [string, () => Headers, TestCertificate?][] = [
    ['nobody', () => ({})],
    ['an empty authorization', () => sent('')],
    ['another scheme', () => sent('Basic dXNlcjpwYXNz')],
    ['a scheme without a token', () => sent('Bearer')],
    ['a token without a scheme', () => sent(bearer().slice(7))],
    ['a token of two parts', () => sent(bearer().split('.').slice(0, 2).join('.'))],
    ['an encrypted token, of five parts', () => sent(`${bearer()}.x.y`)],
    ['a token with spaces around it', () => sent(bearer().replace(' ', '  '))],
    ['text that is no token', () => sent('Bearer aaa.bbb.ccc')],
    [
      'alg none without a signature',
      () => sent(`Bearer ${b64({ alg: 'none', kid: 'es-1' })}.${b64(good)}.`),
    ],
    ['alg none with some signature', () => sent(bearer({}, { alg: 'none' }))],
    ['alg nOnE', () => sent(bearer({}, { alg: 'nOnE' }))],
    ['no alg', () => sent(bearer({}, { alg: undefined }))],
    [
      'HS256 with the public key as its secret',
      () =>
        sent(
          `Bearer ${tokenOf(rsa, good, { alg: 'HS256' }, hmac(rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString()))}`,
        ),
    ],
    [
      'HS256 with the JWKS as its secret',
      () => sent(`Bearer ${tokenOf(rsa, good, { alg: 'HS256' }, hmac(jwksOf(rsa)))}`),
    ],
    ['another algorithm of the same key', () => sent(bearer({}, { alg: 'PS256' }, rsa))],
    ['the algorithm of another key', () => sent(bearer({}, { kid: 'rs-1' }))],
    ['a key of which the issuer knows nothing', () => sent(bearer({}, {}, attacker))],
    ['an unknown key id', () => sent(bearer({}, { kid: 'es-2' }))],
    ['a key id that is a path', () => sent(bearer({}, { kid: '../../dev/null' }))],
    ['a key id that is a member of every object', () => sent(bearer({}, { kid: '__proto__' }))],
    ['no key id', () => sent(bearer({}, { kid: undefined }))],
    ['a key id that is no text', () => sent(bearer({}, { kid: ['es-1'] }))],
    ['a key of the issuer that is too short', () => sent(bearer({}, {}, weak))],
    [
      'a token that brings its own key',
      () =>
        sent(
          bearer(
            {},
            { kid: undefined, jwk: attacker.publicKey.export({ format: 'jwk' }) },
            attacker,
          ),
        ),
    ],
    [
      'a token that names where its key is',
      () => sent(bearer({}, { jku: 'http://127.0.0.1:9/jwks' }, attacker)),
    ],
    [
      'a header that must be understood and is not',
      () => sent(bearer({}, { crit: ['nova'], nova: true })),
    ],
    ['an unencoded payload', () => sent(bearer({}, { crit: ['b64'], b64: false }))],
    [
      'claims changed after signing',
      () => {
        const [head, , signature] = bearer().split('.');
        return sent(`${head}.${b64({ ...good, roles: ['admin'] })}.${signature}`);
      },
    ],
    ['a signature changed', () => sent(`${bearer().slice(0, -4)}AAAA`)],
    ['claims that are no object', () => sent(`Bearer ${tokenOf(es, [1] as never)}`)],
    ['another issuer', () => sent(bearer({ iss: 'https://issuer.test/other' }))],
    ['no issuer', () => sent(without('iss'))],
    ['another audience', () => sent(bearer({ aud: 'nova-staging' }))],
    ['no audience', () => sent(without('aud'))],
    ['a token that has expired', () => sent(bearer({ exp: now - 120 }))],
    ['a token that never expires', () => sent(without('exp'))],
    ['an expiry that is a text', () => sent(bearer({ exp: String(now + 300) }))],
    ['a token that is not good yet', () => sent(bearer({ nbf: now + 120 }))],
    ['no subject', () => sent(without('sub'))],
    ['a subject that is no text', () => sent(bearer({ sub: 7 }))],
    ['a subject in capitals', () => sent(bearer({ sub: USER.toUpperCase() }))],
    ['the nil user', () => sent(bearer({ sub: '00000000-0000-0000-0000-000000000000' }))],
    ['a subject that is a mail address', () => sent(bearer({ sub: 'ada@example.org' }))],
    ['a bare service name without the role', () => sent(bearer({ sub: 'messaging-service' }))],
    [
      'a service name with a path in it',
      () => sent(bearer({ sub: 'service/../dev', roles: ['service'] })),
    ],
    ['a user with the role service', () => sent(bearer({ roles: ['service'] }))],
    ['roles that are a number', () => sent(bearer({ roles: 7 }))],
    ['roles that are not texts', () => sent(bearer({ roles: [['admin']] }))],
    ['a token of more than 8 KiB', () => sent(bearer({ padding: 'x'.repeat(9000) }))],
    [
      'the same token twice',
      () => {
        const one = bearer();
        return sent([one, one]);
      },
    ],
    ['a good token behind a bad one', () => sent(['Bearer a.b.c', bearer()])],
    ['a good token before another', () => sent([bearer(), bearer({ sub: OTHER })])],
    ['two tokens in one header', () => sent(`${bearer()}, ${bearer()}`)],
    ['x-user-id without a certificate', () => ({ 'x-user-id': USER })],
    [
      'x-user-id without a certificate beside a token of that user',
      () => sent(bearer(), { 'x-user-id': USER }),
    ],
    ['x-user-id from a service that is no gateway', () => ({ 'x-user-id': USER }), messaging],
    [
      'x-user-id from a peer with the gateway as its common name',
      () => ({ 'x-user-id': USER }),
      authority.issue({ commonName: 'gateway.nova.test', dnsNames: ['other.nova.test'] }),
    ],
    [
      'x-user-id from a peer with only a common name',
      () => ({ 'x-user-id': USER }),
      authority.issue({ commonName: 'gateway.nova.test' }),
    ],
    [
      'x-user-id from a peer with a wildcard',
      () => ({ 'x-user-id': USER }),
      authority.issue({ commonName: 'w', dnsNames: ['*.nova.test'] }),
    ],
    [
      'x-user-id from a peer with a name that reads like two',
      () => ({ 'x-user-id': USER }),
      authority.issue({ commonName: 'w', dnsNames: ['x.test, DNS:gateway.nova.test'] }),
    ],
    [
      'x-user-id from a peer with a name cut by NUL',
      () => ({ 'x-user-id': USER }),
      authority.issue({ commonName: 'w', dnsNames: ['gateway.nova.test\0.evil.test'] }),
    ],
    [
      'another x-user-id than that of the token',
      () => sent(bearer(), { 'x-user-id': OTHER }),
      gateway,
    ],
    [
      'x-user-id beside the token of a service',
      () => sent(bearer({ sub: 'service/a', roles: ['service'] }), { 'x-user-id': USER }),
      gateway,
    ],
    ['two x-user-id', () => ({ 'x-user-id': [USER, USER] }), gateway],
    ['x-user-id in capitals', () => ({ 'x-user-id': USER.toUpperCase() }), gateway],
    ['an empty x-user-id', () => ({ 'x-user-id': '' }), gateway],
    [
      'a gateway that makes an administrator',
      () => ({ 'x-user-id': USER, 'x-nova-roles': 'admin' }),
      gateway,
    ],
    [
      'a gateway that makes a service',
      () => ({ 'x-user-id': USER, 'x-nova-roles': 'reader,service' }),
      gateway,
    ],
    ['roles beside a token', () => sent(bearer(), { 'x-nova-roles': 'admin' })],
    [
      'roles beside a token that the gateway passes on',
      () => sent(bearer(), { 'x-user-id': USER, 'x-nova-roles': 'writer' }),
      gateway,
    ],
    ['roles of nobody', () => ({ 'x-nova-roles': 'reader' }), gateway],
    ['a service by its header', () => ({ 'x-nova-service': 'messaging-service' })],
    [
      'a service by its header, from that service',
      () => ({ 'x-nova-service': 'messaging-service' }),
      messaging,
    ],
    ['the gateway itself', () => ({}), gateway],
    [
      'a peer nobody knows',
      () => ({}),
      authority.issue({ commonName: 'x', dnsNames: ['x.nova.test'] }),
    ],
  ];

  it('told for at least 40 ways not to say who one is', () => {
    expect(rows.length).toBeGreaterThanOrEqual(40);
  });

  it.each(rows)('%s', async (...[, headers, certificate]) => {
    const sentHeaders = headers();
    const answer = await call(sentHeaders, certificate);
    expect(answer).toMatchObject({ grpcStatus: GRPC.UNAUTHENTICATED, caller: undefined });
    // Why, but nothing of what was sent.
    const proof = [sentHeaders['authorization'] ?? 'Bearer -'].flat()[0]?.split(/[ .]/)[2];
    if (proof !== undefined && proof.length > 8) expect(answer.grpcMessage).not.toContain(proof);
  });
});

describe('a connection is refused', () => {
  const rows: [string, TestCertificate][] = [
    [
      'with a certificate of another authority',
      stranger.issue({ commonName: 'g', dnsNames: ['gateway.nova.test'] }),
    ],
    [
      'with a certificate that has expired',
      authority.issue({
        commonName: 'g',
        dnsNames: ['gateway.nova.test'],
        notAfter: new Date(Date.now() - 60_000),
      }),
    ],
    [
      'with a certificate that is not good yet',
      authority.issue({
        commonName: 'g',
        dnsNames: ['gateway.nova.test'],
        notBefore: new Date(Date.now() + 3_600_000),
      }),
    ],
    [
      'with a certificate for servers only',
      authority.issue({ commonName: 'g', dnsNames: ['gateway.nova.test'], usage: ['server'] }),
    ],
  ];

  it.each(rows)('%s, also with a good token', async (_, certificate) => {
    const answer = await call({ authorization: bearer() }, certificate).catch(() => undefined);
    expect(answer?.grpcStatus).toBeUndefined();
    expect(caller).toBeUndefined();
  });

  it('without encryption', async () => {
    const raw = await rawConnection(served.port);
    const { grpcStatus } = await raw.call(PATH, frame(Buffer.alloc(0)), {
      authorization: bearer(),
    });
    raw.close();
    expect(grpcStatus).toBeUndefined();
    expect(caller).toBeUndefined();
  });
});
