import { isCanonicalUuid } from '@nova/events';
import type { Clock } from '@nova/time';
import { type JWTPayload, errors as joseErrors, jwtVerify } from 'jose';
import { type Caller, ROLES, type Role } from './caller.ts';
import { isServiceName, unidentified } from './identity.ts';
import type { KeyCache } from './identity-key-cache.ts';

/** What a token must say. */
export interface TokenRules {
  readonly keys: Pick<KeyCache, 'find'>;
  readonly issuer: string;
  readonly audience: readonly string[];
  readonly algorithms: readonly string[];
  /** Name of a claim, or a JSON pointer. */
  readonly rolesClaim: string;
  readonly clockToleranceMs: number;
  readonly clock: Clock;
}

/** Longer tokens are refused unread. */
const LONGEST_TOKEN = 8192;
// Three parts, none empty: unsigned and encrypted tokens have another form.
const BEARER = /^bearer ([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)$/i;
const SERVICE_SUBJECT = 'service/';

/**
 * Who a token speaks for: its header `authorization` as sent.
 *
 * @throws RPC_UNAUTHENTICATED when the token proves nothing; never with a word of the token.
 * @throws RPC_IDENTITY_UNAVAILABLE when it cannot be judged for want of keys.
 */
export async function callerOfToken(authorization: string, rules: TokenRules): Promise<Caller> {
  if (authorization.length > LONGEST_TOKEN) {
    throw unidentified(`the token is longer than ${LONGEST_TOKEN} bytes`);
  }
  const token = BEARER.exec(authorization)?.[1];
  if (token === undefined) {
    throw unidentified('authorization must be Bearer and a signed JSON Web Token');
  }
  return callerOfClaims(await verifiedClaims(token, rules), rules.rolesClaim);
}

async function verifiedClaims(token: string, rules: TokenRules): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(
      token,
      async ({ kid, alg }) => {
        if (typeof kid !== 'string' || kid === '') throw unidentified('the token names no key');
        const found = await rules.keys.find(kid);
        if (found === undefined) throw unidentified('the token names a key that is not known');
        if (found.algorithm !== alg) {
          throw unidentified('the algorithm of the token is not that of its key');
        }
        return found.key;
      },
      {
        algorithms: [...rules.algorithms],
        issuer: rules.issuer,
        audience: [...rules.audience],
        requiredClaims: ['exp', 'sub'],
        clockTolerance: rules.clockToleranceMs / 1000,
        currentDate: rules.clock.now(),
      },
    );
    return payload;
  } catch (thrown) {
    if (thrown instanceof joseErrors.JOSEError) throw unidentified(problemOf(thrown), thrown);
    throw thrown;
  }
}

function problemOf(thrown: joseErrors.JOSEError): string {
  if (thrown instanceof joseErrors.JWTExpired) return 'the token has expired';
  if (thrown instanceof joseErrors.JWTClaimValidationFailed) {
    return `the token's claim ${thrown.claim} is not as this server needs it`;
  }
  if (thrown instanceof joseErrors.JOSEAlgNotAllowed) {
    return 'the algorithm of the token is not accepted';
  }
  if (thrown instanceof joseErrors.JWSSignatureVerificationFailed) {
    return 'the signature of the token is wrong';
  }
  return 'the token is malformed';
}

/**
 * Users are UUIDs; services are `service/<name>`, or a bare name together with the role. Only a
 * service has the role `service`: a user who could act for all others must not come about by a
 * mistake in the issuer's configuration.
 */
function callerOfClaims(claims: JWTPayload, rolesClaim: string): Caller {
  const { sub } = claims;
  if (typeof sub !== 'string') throw unidentified('the sub of the token must be a text');
  const roles = rolesOf(claimAt(claims, rolesClaim));
  if (isCanonicalUuid(sub)) {
    if (roles.has('service')) throw unidentified('a user cannot have the role service');
    return { principal: sub, userId: sub, roles, actsForOthers: false };
  }
  const prefixed = sub.startsWith(SERVICE_SUBJECT);
  const service = prefixed ? sub.slice(SERVICE_SUBJECT.length) : sub;
  if (!isServiceName(service) || !(prefixed || roles.has('service'))) {
    throw unidentified('the sub of the token must be a UUID in lower case, or service/<name>');
  }
  return serviceCaller(service, roles);
}

/** A service as the caller. */
export function serviceCaller(service: string, roles: ReadonlySet<Role>): Caller {
  return {
    principal: `${SERVICE_SUBJECT}${service}`,
    service,
    roles,
    actsForOthers: roles.has('service'),
  };
}

/** A claim by its name, or where a JSON pointer leads; own members only. */
function claimAt(claims: JWTPayload, name: string): unknown {
  const path = name.startsWith('/')
    ? name
        .slice(1)
        .split('/')
        .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    : [name];
  let value: unknown = claims;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part))
      return undefined;
    value = Reflect.get(value, part);
  }
  return value;
}

/** A list of texts, or one text with spaces. Roles of other systems are none of ours. */
function rolesOf(claim: unknown): ReadonlySet<Role> {
  if (claim === undefined) return new Set();
  const names: unknown = typeof claim === 'string' ? claim.split(' ') : claim;
  if (!Array.isArray(names) || !names.every((name) => typeof name === 'string')) {
    throw unidentified('the roles of the token must be a list of texts');
  }
  return new Set(ROLES.filter((role) => names.includes(role)));
}
