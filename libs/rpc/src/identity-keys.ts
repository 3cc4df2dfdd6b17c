import { createPublicKey } from 'node:crypto';
import { messageOf } from '@nova/errors';
import { type CryptoKey, importJWK, type JWK } from 'jose';

/** Signature algorithms that a server may accept: those whose keys are public. */
export const ALGORITHMS: readonly string[] = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
];

/** A public key, bound to the one algorithm it is used with. */
export interface SigningKey {
  readonly algorithm: string;
  readonly key: CryptoKey;
}

/** The keys of a JWKS by their id, and what was wrong with those that are not among them. */
export interface KeySet {
  readonly keys: ReadonlyMap<string, SigningKey>;
  readonly unusable: readonly string[];
}

const MOST_KEYS = 100;
const SMALLEST_RSA_BITS = 2048;
const BY_CURVE: Readonly<Record<string, string>> = {
  'P-256': 'ES256',
  'P-384': 'ES384',
  'P-521': 'ES512',
  Ed25519: 'EdDSA',
};

/**
 * The keys of a JWKS that can be used with `algorithms`. Each has an id and one algorithm: the one
 * it names, else the usual one of its kind. Whatever else is in the set is told and left out; a
 * private or symmetric key in it spoils the whole set, for its owner must know.
 *
 * @throws Error when the text is no JWKS, has secrets in it, or no usable key.
 */
export async function parseKeySet(text: string, algorithms: readonly string[]): Promise<KeySet> {
  const keys = new Map<string, SigningKey>();
  const unusable: string[] = [];
  for (const [at, jwk] of listedKeys(text).entries()) {
    const name = typeof jwk.kid === 'string' && jwk.kid !== '' ? `key ${jwk.kid}` : `key ${at}`;
    if ('d' in jwk || 'k' in jwk || jwk.kty === 'oct') {
      throw new Error(`${name} is secret: a JWKS for checking tokens has public keys only`);
    }
    const usable = await usableKey(jwk, algorithms);
    if (typeof usable === 'string') unusable.push(`${name} ${usable}`);
    else if (keys.has(usable.id)) unusable.push(`${name} is there twice`);
    else keys.set(usable.id, usable.key);
  }
  if (keys.size === 0) {
    throw new Error(`it has no usable key${unusable.map((one) => `; ${one}`).join('')}`);
  }
  return { keys, unusable };
}

function listedKeys(text: string): readonly JWK[] {
  const parsed: unknown = JSON.parse(text);
  const keys: unknown =
    typeof parsed === 'object' && parsed !== null && 'keys' in parsed ? parsed.keys : undefined;
  if (!Array.isArray(keys)) throw new Error('it is not a JWKS: {"keys": […]}');
  if (keys.length > MOST_KEYS) throw new Error(`it has more than ${MOST_KEYS} keys`);
  return keys.filter((key): key is JWK => typeof key === 'object' && key !== null);
}

async function usableKey(
  jwk: JWK,
  algorithms: readonly string[],
): Promise<{ id: string; key: SigningKey } | string> {
  if (typeof jwk.kid !== 'string' || jwk.kid === '') return 'has no kid';
  if (jwk.use !== undefined && jwk.use !== 'sig') return `is for use ${String(jwk.use)}`;
  const algorithm = jwk.alg ?? (jwk.kty === 'RSA' ? 'RS256' : BY_CURVE[jwk.crv ?? '']);
  if (algorithm === undefined || !algorithms.includes(algorithm)) {
    return `is for ${algorithm ?? jwk.kty}, which is not accepted`;
  }
  try {
    if (jwk.kty === 'RSA' && rsaBits(jwk) < SMALLEST_RSA_BITS) {
      return `is shorter than ${SMALLEST_RSA_BITS} bits`;
    }
    const key = await importJWK(jwk, algorithm);
    if (key instanceof Uint8Array || key.type !== 'public') return 'is not a public key';
    return { id: jwk.kid, key: { algorithm, key } };
  } catch (thrown) {
    return `cannot be used: ${messageOf(thrown)}`;
  }
}

function rsaBits(jwk: JWK): number {
  // A JWK of jose and one of Node are the same document under two names.
  const key = createPublicKey({ key: jwk as Record<string, unknown>, format: 'jwk' });
  return key.asymmetricKeyDetails?.modulusLength ?? 0;
}
