import { readFileSync } from 'node:fs';
import type { Rule } from '@nova/config';
import { messageOf } from '@nova/errors';
import { ALGORITHMS } from './identity-keys.ts';
import { isPeerName, parseServicePeer } from './identity-peer.ts';
import { loadServerCertificates } from './server-tls.ts';
import type { identitySettings, serverTlsSettings } from './settings.ts';

type Rules = readonly Rule<typeof identitySettings & typeof serverTlsSettings>[];

const LOCAL = new Set(['localhost', '127.0.0.1', '[::1]']);

/** How the settings of identity and of transport security belong together. */
export const identityRules: Rules = [
  ({ authJwksFile, authJwksUrl }) =>
    authJwksFile !== undefined && authJwksUrl !== undefined
      ? 'NOVA_AUTH_JWKS_FILE and NOVA_AUTH_JWKS_URL are both set'
      : undefined,
  ({ authJwksFile, authJwksUrl, authIssuer }) =>
    differ(authJwksFile ?? authJwksUrl, authIssuer)
      ? 'NOVA_AUTH_ISSUER belongs to NOVA_AUTH_JWKS_FILE or NOVA_AUTH_JWKS_URL: set both or none'
      : undefined,
  ({ authJwksFile, authJwksUrl, authAudience }) =>
    differ(authJwksFile ?? authJwksUrl, authAudience[0])
      ? 'NOVA_AUTH_AUDIENCE belongs to NOVA_AUTH_JWKS_FILE or NOVA_AUTH_JWKS_URL: set both or none'
      : undefined,
  ({ authJwksUrl }) => {
    if (authJwksUrl === undefined) return undefined;
    const { protocol, hostname } = new URL(authJwksUrl);
    return protocol === 'http:' && !LOCAL.has(hostname)
      ? 'NOVA_AUTH_JWKS_URL must be https: whoever answers it says whose tokens are good'
      : undefined;
  },
  ({ authJwksFile }) => authJwksFile && keysProblem(authJwksFile),
  ({ authAlgorithms }) => {
    const unknown = authAlgorithms.filter((name) => !ALGORITHMS.includes(name));
    return unknown.length === 0
      ? undefined
      : `NOVA_AUTH_ALGORITHMS has ${unknown.join(', ')}; it may have ${ALGORITHMS.join(', ')}`;
  },
  ({ authTrustedPeers }) => {
    const wrong = authTrustedPeers.filter((name) => !isPeerName(name));
    return wrong.length === 0
      ? undefined
      : `NOVA_AUTH_TRUSTED_PEERS has ${wrong.join(', ')}: DNS names in lower case without wildcards`;
  },
  ({ authServicePeers }) => {
    const wrong = authServicePeers.filter((text) => parseServicePeer(text) === undefined);
    return wrong.length === 0
      ? undefined
      : `NOVA_AUTH_SERVICE_PEERS has ${wrong.join(', ')}: each must be <service>=<DNS name>`;
  },
  ({ authTrustedPeers, authServicePeers, grpcTlsClientCaFile }) =>
    authTrustedPeers.length + authServicePeers.length > 0 && grpcTlsClientCaFile === undefined
      ? 'NOVA_AUTH_TRUSTED_PEERS and NOVA_AUTH_SERVICE_PEERS need NOVA_GRPC_TLS_CLIENT_CA_FILE'
      : undefined,
  ({ grpcTlsCertFile, grpcTlsKeyFile, grpcTlsClientCaFile }) => {
    if (differ(grpcTlsCertFile, grpcTlsKeyFile)) {
      return 'NOVA_GRPC_TLS_CERT_FILE and NOVA_GRPC_TLS_KEY_FILE must be set together';
    }
    if (grpcTlsCertFile === undefined || grpcTlsKeyFile === undefined) {
      return grpcTlsClientCaFile && 'NOVA_GRPC_TLS_CLIENT_CA_FILE needs NOVA_GRPC_TLS_CERT_FILE';
    }
    return problem('NOVA_GRPC_TLS_…', () =>
      loadServerCertificates({
        certFile: grpcTlsCertFile,
        keyFile: grpcTlsKeyFile,
        clientCaFile: grpcTlsClientCaFile,
      }),
    );
  },
];

function differ(one: unknown, other: unknown): boolean {
  return (one === undefined) !== (other === undefined);
}

// Whether the keys can be used is told when they are loaded; here, that it is such a file at all.
function keysProblem(file: string): string | undefined {
  return problem('NOVA_AUTH_JWKS_FILE', () => {
    const parsed: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof parsed === 'object' && parsed !== null && 'keys' in parsed) return;
    throw new Error('it is not a JWKS: {"keys": […]}');
  });
}

function problem(name: string, check: () => void): string | undefined {
  try {
    check();
    return undefined;
  } catch (thrown) {
    return `${name} cannot be used: ${messageOf(thrown)}`;
  }
}
