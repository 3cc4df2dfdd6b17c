import { type Rule, type Settings, setting, type Values } from '@nova/config';
import { redisSettings } from '@nova/redis';
import {
  callLimitSettings,
  clientRules,
  clientSettings,
  identityRules,
  identitySettings,
  serverTlsSettings,
} from '@nova/rpc';
import { settings as telemetrySettings } from '@nova/telemetry';

/** The ports a service listens on when the environment names none; see conventions §1. */
export interface DefaultPorts {
  /** Left out by a process without gRPC, such as the relay. */
  readonly grpc?: number;
  readonly ops: number;
}

/** The settings that every nova process has, whatever it does. */
export const settings = {
  mode: setting.choice({
    env: 'NOVA_MODE',
    choices: ['production', 'development'],
    default: 'production',
    doc: 'Development accepts callers without proof of identity: never use it for real data.',
  }),
  grpcHost: setting.optional(
    setting.string({
      env: 'NOVA_GRPC_HOST',
      doc: 'Address to listen on; by default 127.0.0.1 in development, else 0.0.0.0.',
    }),
  ),
  grpcPort: setting.optional(
    setting.integer({
      env: 'NOVA_GRPC_PORT',
      max: 65_535,
      doc: 'Port of the gRPC server, by default the one of the service; 0 takes a free one.',
    }),
  ),
  grpcReflection: setting.choice({
    env: 'NOVA_GRPC_REFLECTION',
    choices: ['auto', 'on', 'off'],
    default: 'auto',
    doc: 'Whether anybody may ask the gRPC server what it serves; auto: in development mode only.',
  }),
  opsPort: setting.optional(
    setting.integer({
      env: 'NOVA_OPS_PORT',
      max: 65_535,
      doc: 'Port of /metrics and /health, by default 100 above the gRPC port; 0 takes a free one.',
    }),
  ),
  ...identitySettings,
  ...serverTlsSettings,
  ...callLimitSettings,
  ...redisSettings,
  ...clientSettings,
  ...telemetrySettings,
  drainTimeoutMs: setting.integer({
    env: 'NOVA_DRAIN_TIMEOUT_MS',
    default: 14_000,
    min: 100,
    max: 15_000,
    doc: 'After a stop signal, work in flight has this long; then the process ends regardless.',
  }),
  supervised: setting.choice({
    env: 'NOVA_SUPERVISED',
    choices: ['0', '1'],
    default: '0',
    doc: '1: the end of standard input means stop, so that a process never outlives its supervisor.',
  }),
} satisfies Settings;

/** The declared settings of the kit. */
export type KitSettings = typeof settings;

/** How the settings of every process belong together. */
export const kitRules: readonly Rule<KitSettings>[] = [...identityRules, ...clientRules];

/** Where the process listens, with the defaults that depend on other settings filled in. */
export interface Addresses {
  readonly grpc: { readonly host: string; readonly port: number } | undefined;
  readonly ops: { readonly host: string; readonly port: number };
}

/** Fills in what depends on the service, on the mode and on the gRPC port. */
export function addressesOf(ports: DefaultPorts, config: Values<KitSettings>): Addresses {
  const host = config.grpcHost ?? (config.mode === 'development' ? '127.0.0.1' : '0.0.0.0');
  if (ports.grpc === undefined) {
    return { grpc: undefined, ops: { host, port: config.opsPort ?? ports.ops } };
  }
  const port = config.grpcPort ?? ports.grpc;
  // A free gRPC port says nothing about the one 100 above it.
  const derived = port === 0 ? 0 : port + 100;
  return { grpc: { host, port }, ops: { host, port: config.opsPort ?? derived } };
}
