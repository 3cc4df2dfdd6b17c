import { NovaError } from '@nova/errors';
import { devUserId, isCanonicalUuid } from '@nova/events';
import { type Caller, ROLES, type Role } from './caller.ts';
import { errors } from './errors.ts';

/** The headers of a call by lower-case name. */
export interface RequestHeaders {
  /** Every value of the header, in order; empty when it was not sent. */
  all(name: string): readonly string[];
}

/** What an identity source may look at. */
export interface IdentityRequest {
  readonly headers: RequestHeaders;
  /** Address of the other side of the connection. */
  readonly peer: string;
  /** DER bytes of the peer's certificate, when the connection is mutual TLS and it was verified. */
  readonly certificate: Uint8Array | undefined;
}

/**
 * Tells who is calling. Rejects with a NovaError of status UNAUTHENTICATED when it cannot; it
 * never guesses, and never ignores a malformed identity.
 */
export interface IdentitySource {
  readonly name: string;
  /** The headers that it reads: calls of one connection that are alike in these are of one caller. */
  readonly headers: readonly string[];
  identify(request: IdentityRequest): Caller | Promise<Caller>;
}

/** How strictly callers are identified. */
export type Mode = 'production' | 'development';

/**
 * The identity source of a server: the configured one. In development mode callers without a token
 * are believed by their headers.
 *
 * @throws RPC_IDENTITY_MISSING in production without a source.
 */
export function identityFor(mode: Mode, configured?: IdentitySource): IdentitySource {
  if (mode === 'production') {
    if (configured === undefined) throw new NovaError(errors.RPC_IDENTITY_MISSING);
    return configured;
  }
  if (configured === undefined) return developmentIdentity;
  return {
    name: `${configured.name}, else ${developmentIdentity.name}`,
    headers: [...new Set([...configured.headers, ...developmentIdentity.headers])],
    identify(request) {
      const hasToken = request.headers.all('authorization').length > 0;
      return (hasToken ? configured : developmentIdentity).identify(request);
    },
  };
}

/** The headers by which callers are identified, in whatever way. */
export const IDENTITY_HEADERS = [
  'authorization',
  'x-user-id',
  'x-nova-roles',
  'x-nova-service',
] as const;

const SERVICE_NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const LONGEST_NAME = 63;
const ALL_ROLES: ReadonlySet<Role> = new Set(ROLES);
const dev: Caller = {
  principal: 'dev',
  userId: devUserId,
  roles: ALL_ROLES,
  actsForOthers: true,
};

/**
 * Trusts what callers say of themselves: a bare `x-user-id`, roles in `x-nova-roles`, services in
 * `x-nova-service`, and nobody at all is `dev` with every role. For machines of one's own only.
 */
export const developmentIdentity: IdentitySource = {
  name: 'development headers',
  headers: IDENTITY_HEADERS,
  identify({ headers }) {
    if (headers.all('authorization').length > 0) {
      throw unidentified('authorization is not read in development mode; send x-user-id');
    }
    const userId = single(headers, 'x-user-id');
    const service = single(headers, 'x-nova-service');
    const roleNames = headers.all('x-nova-roles');
    if (userId === undefined && service === undefined) {
      if (roleNames.length > 0) {
        throw unidentified('x-nova-roles needs x-user-id or x-nova-service beside it');
      }
      return dev;
    }
    if (userId !== undefined && !isCanonicalUuid(userId)) {
      throw unidentified('x-user-id must be a UUID in lower case');
    }
    if (service !== undefined && !isServiceName(service)) {
      throw unidentified('x-nova-service must be a name such as messaging-service');
    }
    const roles = parseRoles(roleNames, ROLES);
    return {
      principal: userId ?? `service/${service}`,
      ...(userId === undefined ? {} : { userId }),
      ...(service === undefined ? {} : { service }),
      roles,
      actsForOthers: roles.has('service'),
    };
  },
};

/** Whether a text can be the name of a service: `messaging-service`. */
export function isServiceName(text: string): boolean {
  return text.length <= LONGEST_NAME && SERVICE_NAME.test(text);
}

/**
 * The one value of a header; undefined when it was not sent.
 *
 * @throws RPC_UNAUTHENTICATED when it was sent more than once.
 */
export function single(headers: RequestHeaders, name: string): string | undefined {
  // A repeated header arrives as several values or as one with commas; the reader of the value
  // refuses the latter.
  const [first, ...more] = headers.all(name);
  if (more.length > 0) throw unidentified(`${name} is sent more than once`);
  return first;
}

/**
 * The roles that `x-nova-roles` names.
 *
 * @throws RPC_UNAUTHENTICATED for a word that is not among `known`.
 */
export function parseRoles(values: readonly string[], known: readonly Role[]): ReadonlySet<Role> {
  const named = values.flatMap((value) => value.split(',')).map((name) => name.trim());
  return new Set(
    named.map((name) => {
      const role = known.find((one) => one === name);
      if (role !== undefined) return role;
      throw unidentified(`x-nova-roles may name ${known.join(', ')}`);
    }),
  );
}

/** The error of a caller whose identity is missing or malformed. */
export function unidentified(problem: string, cause?: unknown): NovaError {
  return new NovaError(
    errors.RPC_UNAUTHENTICATED,
    { problem },
    cause === undefined ? {} : { cause },
  );
}
