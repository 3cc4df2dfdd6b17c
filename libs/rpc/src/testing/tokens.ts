import { createSign, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

/** A key pair of an issuer, made for a spec. */
export interface TestKey {
  readonly kid: string;
  readonly alg: 'ES256' | 'RS256' | 'EdDSA';
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** Makes a key pair. */
export function testKey(alg: TestKey['alg'], kid: string, rsaBits = 2048): TestKey {
  if (alg === 'ES256') {
    return { kid, alg, ...generateKeyPairSync('ec', { namedCurve: 'P-256' }) };
  }
  if (alg === 'EdDSA') return { kid, alg, ...generateKeyPairSync('ed25519') };
  return { kid, alg, ...generateKeyPairSync('rsa', { modulusLength: rsaBits }) };
}

/** The public keys as a JWKS. */
export function jwksOf(...keys: readonly TestKey[]): string {
  return JSON.stringify({
    keys: keys.map(({ kid, alg, publicKey }) => ({
      ...publicKey.export({ format: 'jwk' }),
      kid,
      alg,
      use: 'sig',
    })),
  });
}

/**
 * A token of these claims, without any help that would refuse to make a wrong one. `header` is laid
 * over the usual one; `signature` replaces the right one.
 */
export function tokenOf(
  key: TestKey,
  claims: Readonly<Record<string, unknown>>,
  header: Readonly<Record<string, unknown>> = {},
  signature?: (signed: string) => Buffer,
): string {
  const head = part({ alg: key.alg, kid: key.kid, typ: 'JWT', ...header });
  const signed = `${head}.${part(claims)}`;
  return `${signed}.${(signature ?? ((text) => signatureOf(key, text)))(signed).toString('base64url')}`;
}

function signatureOf({ alg, privateKey }: TestKey, text: string): Buffer {
  if (alg === 'EdDSA') return sign(null, Buffer.from(text), privateKey);
  const signer = createSign('sha256').update(text);
  return signer.sign({ key: privateKey, dsaEncoding: 'ieee-p1363' });
}

function part(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
