import { isCanonicalUuid } from '@nova/events';
import type { Part, Probe } from '@nova/lifecycle';
import type { Logger } from '@nova/telemetry';
import type { Clock } from '@nova/time';
import type { Caller } from './caller.ts';
import {
  IDENTITY_HEADERS,
  type IdentityRequest,
  type IdentitySource,
  parseRoles,
  single,
  unidentified,
} from './identity.ts';
import { KeyCache } from './identity-key-cache.ts';
import { keySource } from './identity-key-source.ts';
import { hasName, parseServicePeer, type ServicePeer } from './identity-peer.ts';
import { callerOfToken, serviceCaller, type TokenRules } from './identity-token.ts';
import type { IdentityConfig } from './settings.ts';

/** The identity source of a configuration, and what keeps it going. */
export interface ConfiguredIdentity {
  readonly source: IdentitySource;
  /** Started before the server. */
  readonly parts: readonly Part[];
  readonly probes: readonly Probe[];
}

/** A gateway says who its users are and what they may do, but makes nobody an administrator. */
const ROLES_FROM_PEERS = ['reader', 'writer'] as const;

/**
 * The identity source that is configured: tokens, peers or both. Undefined when there is neither.
 * The configuration has passed `identityRules`.
 */
export function configuredIdentity(
  config: IdentityConfig,
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
): ConfiguredIdentity | undefined {
  const { authTrustedPeers: trusted, authIssuer: issuer } = config;
  const services = config.authServicePeers.flatMap((text) => parseServicePeer(text) ?? []);
  const keys = keySource(config);
  const cache =
    keys &&
    new KeyCache({
      ...keys,
      algorithms: config.authAlgorithms,
      refreshMs: config.authJwksRefreshMs,
      clock,
      logger,
    });
  const tokens: TokenRules | undefined =
    (cache &&
      issuer !== undefined && {
        keys: cache,
        issuer,
        audience: config.authAudience,
        algorithms: config.authAlgorithms,
        rolesClaim: config.authRolesClaim,
        clockToleranceMs: config.authClockToleranceMs,
        clock,
      }) ||
    undefined;
  if (tokens === undefined && trusted.length === 0 && services.length === 0) return undefined;
  const name = [
    ...(keys === undefined ? [] : [`tokens with keys from ${keys.from}`]),
    ...(trusted.length + services.length === 0 ? [] : ['peers with certificates']),
  ].join(' and ');
  return {
    source: {
      name,
      headers: IDENTITY_HEADERS,
      identify: (request) => identify(request, { tokens, trusted, services }),
    },
    parts: cache === undefined ? [] : [cache.part],
    probes: cache?.probes ?? [],
  };
}

interface Accepted {
  readonly tokens: TokenRules | undefined;
  readonly trusted: readonly string[];
  readonly services: readonly ServicePeer[];
}

/** Whatever is sent to prove who calls must be right: nothing of it is passed over. */
async function identify(request: IdentityRequest, accepted: Accepted): Promise<Caller> {
  const { headers, certificate } = request;
  if (headers.all('x-nova-service').length > 0) {
    throw unidentified(
      'x-nova-service is for development mode; services have tokens or certificates',
    );
  }
  const authorization = single(headers, 'authorization');
  const forwarded = forwardedUser(request, accepted.trusted);
  if (authorization !== undefined) {
    if (accepted.tokens === undefined) throw unidentified('tokens are not accepted here');
    const caller = await callerOfToken(authorization, accepted.tokens);
    // Roles come from one place: the token.
    if (headers.all('x-nova-roles').length > 0) {
      throw unidentified('x-nova-roles cannot be sent beside a token');
    }
    if (forwarded !== undefined && forwarded.userId !== caller.userId) {
      throw unidentified('x-user-id is another than that of the token');
    }
    return caller;
  }
  if (forwarded !== undefined) return forwarded;
  if (certificate !== undefined) {
    const peer = accepted.services.find(({ dnsName }) => hasName(certificate, dnsName));
    if (peer !== undefined) return serviceCaller(peer.service, new Set(['service', 'reader']));
  }
  throw unidentified('neither a token nor a certificate says who calls');
}

/** The user that a trusted peer names; undefined when none is named. */
function forwardedUser(
  { headers, certificate }: IdentityRequest,
  trusted: readonly string[],
): Caller | undefined {
  const userId = single(headers, 'x-user-id');
  const roleNames = headers.all('x-nova-roles');
  if (userId === undefined) {
    if (roleNames.length > 0) throw unidentified('x-nova-roles needs x-user-id beside it');
    return undefined;
  }
  if (certificate === undefined || !trusted.some((name) => hasName(certificate, name))) {
    throw unidentified('x-user-id is believed only from a trusted peer with a certificate');
  }
  if (!isCanonicalUuid(userId)) throw unidentified('x-user-id must be a UUID in lower case');
  const roles = parseRoles(roleNames, ROLES_FROM_PEERS);
  return { principal: userId, userId, roles, actsForOthers: false };
}
