import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { loadConfig } from '@nova/config';
import { clientRules, clientSettings, identityRules } from './index.ts';
import { identitySettings, serverTlsSettings } from './settings.ts';
import { testAuthority } from './testing/certificates.ts';
import { jwksOf, testKey } from './testing/tokens.ts';

const folder = mkdtempSync(join(tmpdir(), 'nova-identity-rules-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const authority = testAuthority();
const server = authority.issue({ commonName: 'localhost' });
const cert = file('cert.pem', server.cert);
const key = file('key.pem', server.key);
const ca = file('ca.pem', authority.cert);
const jwks = file('jwks.json', jwksOf(testKey('ES256', 'a')));
const tokens = { NOVA_AUTH_ISSUER: 'https://i', NOVA_AUTH_AUDIENCE: 'nova' };

describe('the settings of identity', () => {
  const load = (environment: Record<string, string>) =>
    loadConfig({ ...identitySettings, ...serverTlsSettings }, identityRules, environment);

  it('are fine when there are none, and when they are whole', () => {
    expect(() => load({})).not.toThrow();
    expect(() =>
      load({
        ...tokens,
        NOVA_AUTH_JWKS_FILE: jwks,
        NOVA_AUTH_TRUSTED_PEERS: 'gateway.nova.test',
        NOVA_AUTH_SERVICE_PEERS: 'messaging-service=messaging.nova.test',
        NOVA_GRPC_TLS_CERT_FILE: cert,
        NOVA_GRPC_TLS_KEY_FILE: key,
        NOVA_GRPC_TLS_CLIENT_CA_FILE: ca,
      }),
    ).not.toThrow();
  });

  it.each<[string, Record<string, string>]>([
    ['both', { ...tokens, NOVA_AUTH_JWKS_FILE: jwks, NOVA_AUTH_JWKS_URL: 'https://i/jwks' }],
    ['NOVA_AUTH_ISSUER', { NOVA_AUTH_JWKS_FILE: jwks, NOVA_AUTH_AUDIENCE: 'nova' }],
    ['NOVA_AUTH_AUDIENCE', { NOVA_AUTH_JWKS_FILE: jwks, NOVA_AUTH_ISSUER: 'https://i' }],
    ['NOVA_AUTH_ISSUER belongs', tokens],
    ['must be https', { ...tokens, NOVA_AUTH_JWKS_URL: 'http://issuer.test/jwks' }],
    ['NOVA_AUTH_JWKS_FILE', { ...tokens, NOVA_AUTH_JWKS_FILE: join(folder, 'missing') }],
    ['not a JWKS', { ...tokens, NOVA_AUTH_JWKS_FILE: file('other.json', '{}') }],
    ['HS256', { ...tokens, NOVA_AUTH_JWKS_FILE: jwks, NOVA_AUTH_ALGORITHMS: 'RS256,HS256' }],
    ['none', { ...tokens, NOVA_AUTH_JWKS_FILE: jwks, NOVA_AUTH_ALGORITHMS: 'none' }],
    ['CLIENT_CA_FILE', { NOVA_AUTH_TRUSTED_PEERS: 'gateway.nova.test' }],
    ['*.nova.test', { NOVA_AUTH_TRUSTED_PEERS: '*.nova.test' }],
    ['each must be', { NOVA_AUTH_SERVICE_PEERS: 'messaging.nova.test' }],
    ['set together', { NOVA_GRPC_TLS_CERT_FILE: cert }],
    ['needs NOVA_GRPC_TLS_CERT_FILE', { NOVA_GRPC_TLS_CLIENT_CA_FILE: ca }],
    [
      'cannot be used',
      {
        NOVA_GRPC_TLS_CERT_FILE: cert,
        NOVA_GRPC_TLS_KEY_FILE: file('other.key', authority.issue({ commonName: 'x' }).key),
      },
    ],
  ])('are refused at start: %s', (words, environment) => {
    expect(() => load(environment)).toThrow(words);
  });

  it('are refused with everything that is wrong at once', () => {
    const environment = {
      NOVA_AUTH_ISSUER: 'https://i',
      NOVA_AUTH_ALGORITHMS: 'HS512',
      NOVA_AUTH_TRUSTED_PEERS: 'A B',
      NOVA_GRPC_TLS_KEY_FILE: key,
    };
    for (const words of ['belongs to', 'HS512', 'A B', 'set together']) {
      expect(() => load(environment)).toThrow(words);
    }
  });
});

describe('the settings of a client', () => {
  const load = (environment: Record<string, string>) =>
    loadConfig(clientSettings, clientRules, environment);

  it.each<[string, Record<string, string>]>([
    ['set together', { NOVA_TLS_CA_FILE: ca, NOVA_TLS_CERT_FILE: cert }],
    ['needs NOVA_TLS_CA_FILE', { NOVA_TLS_CERT_FILE: cert, NOVA_TLS_KEY_FILE: key }],
    ['cannot be used', { NOVA_TLS_CA_FILE: join(folder, 'missing') }],
    ['_FILE cannot be read', { NOVA_TOKEN_FILE: join(folder, 'missing') }],
    ['both set', { NOVA_TOKEN: 'a', NOVA_TOKEN_FILE: file('token', 'b') }],
  ])('are refused at start: %s', (words, environment) => {
    expect(() => load(environment)).toThrow(words);
  });
});
