import { type Settings, setting, type Values } from '@nova/config';
import { defaultLimits } from './limits.ts';

/**
 * How a server learns who calls: tokens (JWT) checked with keys from a file or an address, and
 * peers authenticated with mutual TLS. `identityRules` says how they belong together.
 */
export const identitySettings = {
  authJwksFile: setting.optional(
    setting.string({
      env: 'NOVA_AUTH_JWKS_FILE',
      doc: 'File with the public keys (JWKS) that tokens are checked with; read again when it changes.',
    }),
  ),
  authJwksUrl: setting.optional(
    setting.url({
      env: 'NOVA_AUTH_JWKS_URL',
      protocols: ['https', 'http'],
      doc: 'Where the public keys (JWKS) are fetched instead; http on this machine only.',
    }),
  ),
  authJwksRefreshMs: setting.integer({
    env: 'NOVA_AUTH_JWKS_REFRESH_MS',
    default: 300_000,
    min: 1_000,
    doc: 'Pause between looks at the keys; a token that names an unknown key makes one at once.',
  }),
  authIssuer: setting.optional(
    setting.string({ env: 'NOVA_AUTH_ISSUER', doc: 'Who must have issued a token: its iss.' }),
  ),
  authAudience: setting.list({
    env: 'NOVA_AUTH_AUDIENCE',
    default: [],
    doc: 'Whom a token must be meant for: one of these must be in its aud.',
  }),
  authAlgorithms: setting.list({
    env: 'NOVA_AUTH_ALGORITHMS',
    default: ['ES256', 'EdDSA', 'RS256'],
    doc: 'Signature algorithms that are accepted; only those with a public key can be named.',
  }),
  authRolesClaim: setting.string({
    env: 'NOVA_AUTH_ROLES_CLAIM',
    default: 'roles',
    doc: 'Claim with the roles: its name, or a JSON pointer such as /realm_access/roles.',
  }),
  authClockToleranceMs: setting.integer({
    env: 'NOVA_AUTH_CLOCK_TOLERANCE_MS',
    default: 30_000,
    max: 60_000,
    doc: 'How far the clock of the issuer may be from ours.',
  }),
  authTrustedPeers: setting.list({
    env: 'NOVA_AUTH_TRUSTED_PEERS',
    default: [],
    doc: 'DNS names of client certificates whose holders may say x-user-id for others: gateways.',
  }),
  authServicePeers: setting.list({
    env: 'NOVA_AUTH_SERVICE_PEERS',
    default: [],
    doc: 'Services known by their client certificate, as <service>=<DNS name>; role service.',
  }),
} satisfies Settings;

/** Transport security of a gRPC server. Without a certificate it speaks plaintext. */
export const serverTlsSettings = {
  grpcTlsCertFile: setting.optional(
    setting.string({
      env: 'NOVA_GRPC_TLS_CERT_FILE',
      doc: 'Certificate chain (PEM) of the gRPC server; read again when it changes.',
    }),
  ),
  grpcTlsKeyFile: setting.optional(
    setting.string({ env: 'NOVA_GRPC_TLS_KEY_FILE', doc: 'Its private key (PEM).' }),
  ),
  grpcTlsClientCaFile: setting.optional(
    setting.string({
      env: 'NOVA_GRPC_TLS_CLIENT_CA_FILE',
      doc: 'Authorities (PEM) that sign client certificates; one that none of them signed is refused.',
    }),
  ),
} satisfies Settings;

/** How many calls a server takes. The other limits are fixed; see `Limits`. */
export const callLimitSettings = {
  rpcRatePerSecond: setting.integer({
    env: 'NOVA_RPC_RATE_PER_SECOND',
    default: 0,
    max: 1_000_000,
    doc: 'Calls that one caller may make, on all instances together where NOVA_REDIS_URL is set; 0: any. Services are not limited: their callers are.',
  }),
  rpcRateBurst: setting.integer({
    env: 'NOVA_RPC_RATE_BURST',
    default: 0,
    max: 1_000_000,
    doc: 'Calls that one caller may make at once after a pause; 0: those of one second.',
  }),
  rpcCallsInFlight: setting.integer({
    env: 'NOVA_RPC_CALLS_IN_FLIGHT',
    default: defaultLimits.callsInFlight,
    min: 1,
    max: 1_000_000,
    doc: 'Calls in work at the same time, streams among them.',
  }),
  rpcCallsPerCaller: setting.integer({
    env: 'NOVA_RPC_CALLS_PER_CALLER',
    default: defaultLimits.callsPerCaller,
    min: 1,
    max: 1_000_000,
    doc: 'Of these, those of one caller.',
  }),
} satisfies Settings;

/** What a process shows to the servers it calls. */
export const clientSettings = {
  token: setting.optional(
    setting.string({
      env: 'NOVA_TOKEN',
      secret: true,
      doc: 'Token that the calls of this process carry.',
    }),
  ),
  // Read as a secret above, and here for its path: tokens are replaced while a process runs.
  tokenFile: setting.optional(
    setting.string({
      env: 'NOVA_TOKEN_FILE',
      doc: 'File with that token; read again when it changes.',
    }),
  ),
  tlsCaFile: setting.optional(
    setting.string({
      env: 'NOVA_TLS_CA_FILE',
      doc: 'Authorities (PEM) that sign server certificates. When set, calls use TLS.',
    }),
  ),
  tlsCertFile: setting.optional(
    setting.string({
      env: 'NOVA_TLS_CERT_FILE',
      doc: 'Certificate chain (PEM) that is shown to servers.',
    }),
  ),
  tlsKeyFile: setting.optional(
    setting.string({ env: 'NOVA_TLS_KEY_FILE', doc: 'Its private key (PEM).' }),
  ),
} satisfies Settings;

/** The values of {@link identitySettings}. */
export type IdentityConfig = Values<typeof identitySettings>;
/** The values of {@link serverTlsSettings}. */
export type ServerTlsConfig = Values<typeof serverTlsSettings>;
/** The values of {@link callLimitSettings}. */
export type CallLimitConfig = Values<typeof callLimitSettings>;
/** The values of {@link clientSettings}. */
export type ClientConfig = Values<typeof clientSettings>;
