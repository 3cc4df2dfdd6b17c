/**
 * gRPC from descriptors: `implement` joins a service with its methods and with who may call them,
 * `createServer` serves it with health, reflection, identity, deadlines and limits, `createClient`
 * calls it. Errors are nova's on both sides: what a method throws as NovaError arrives as RpcError
 * with the same reason.
 */
export type { Call } from './call.ts';
export { type Caller, type Policy, ROLES, type Role } from './caller.ts';
export {
  type CallOptions,
  type Client,
  type ClientMethods,
  type ClientOptions,
  createClient,
} from './client.ts';
export { CORRELATION_HEADER } from './correlation.ts';
export {
  type ClientCredentials,
  clientCredentials,
  clientRules,
  provesIdentity,
} from './credentials.ts';
export { errors } from './errors.ts';
export {
  developmentIdentity,
  type IdentityRequest,
  type IdentitySource,
  identityFor,
  type Mode,
  type RequestHeaders,
} from './identity.ts';
export { identityRules } from './identity-rules.ts';
export { type ConfiguredIdentity, configuredIdentity } from './identity-source.ts';
export {
  implement,
  type MethodImplementation,
  type Methods,
  type Policies,
  type ServiceImplementation,
} from './implement.ts';
export { defaultLimits, type Limits } from './limits.ts';
export {
  localRateLimiter,
  type Rate,
  type RateLimiter,
  sharedRateLimiter,
} from './rate-limit.ts';
export { RpcError } from './rpc-error.ts';
export { createServer, type RpcServer, type ServerOptions } from './server.ts';
export type { ServerTls } from './server-tls.ts';
export {
  type CallLimitConfig,
  type ClientConfig,
  callLimitSettings,
  clientSettings,
  type IdentityConfig,
  identitySettings,
  type ServerTlsConfig,
  serverTlsSettings,
} from './settings.ts';
export type { RpcStatus } from './wire-status.ts';
