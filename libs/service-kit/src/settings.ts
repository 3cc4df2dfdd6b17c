import { type Settings, setting } from '@nova/config';
import { settings as telemetrySettings } from '@nova/telemetry';

/** The ports a service listens on when the environment names none; see conventions §1. */
export interface DefaultPorts {
  /** Left out by a process without gRPC, such as the relay. */
  readonly grpc?: number;
  readonly ops: number;
}

/** The settings every nova process has, whatever it does. */
export function kitSettings(ports: DefaultPorts) {
  return {
    mode: setting.choice({
      env: 'NOVA_MODE',
      choices: ['production', 'development'],
      default: 'production',
      doc: 'development accepts callers without proof of identity; never use it for real data',
    }),
    grpcHost: setting.optional(
      setting.string({
        env: 'NOVA_GRPC_HOST',
        doc: 'address to listen on; default 127.0.0.1 in development, else 0.0.0.0',
      }),
    ),
    grpcPort: setting.integer({
      env: 'NOVA_GRPC_PORT',
      default: ports.grpc ?? 0,
      max: 65_535,
      doc: 'port of the gRPC server; 0 takes a free one',
    }),
    opsPort: setting.optional(
      setting.integer({
        env: 'NOVA_OPS_PORT',
        max: 65_535,
        doc: `port of /metrics and /health; default ${ports.grpc === undefined ? ports.ops : 'gRPC port + 100'}; 0 takes a free one`,
      }),
    ),
    ...telemetrySettings,
    drainTimeoutMs: setting.integer({
      env: 'NOVA_DRAIN_TIMEOUT_MS',
      default: 14_000,
      min: 100,
      max: 15_000,
      doc: 'after a stop signal work in flight has this long; then the process ends regardless',
    }),
    supervised: setting.choice({
      env: 'NOVA_SUPERVISED',
      choices: ['0', '1'],
      default: '0',
      doc: '1: the end of standard input means stop, so that a process never outlives its supervisor',
    }),
  } satisfies Settings;
}

/** The declared settings of the kit. */
export type KitSettings = ReturnType<typeof kitSettings>;

/** Where the process listens, with the defaults that depend on other settings filled in. */
export interface Addresses {
  readonly grpc: { readonly host: string; readonly port: number } | undefined;
  readonly ops: { readonly host: string; readonly port: number };
}

/** Fills in what depends on mode and gRPC port. */
export function addressesOf(
  ports: DefaultPorts,
  config: {
    readonly mode: string;
    readonly grpcHost: string | undefined;
    readonly grpcPort: number;
    readonly opsPort: number | undefined;
  },
): Addresses {
  const host = config.grpcHost ?? (config.mode === 'development' ? '127.0.0.1' : '0.0.0.0');
  if (ports.grpc === undefined) {
    return { grpc: undefined, ops: { host, port: config.opsPort ?? ports.ops } };
  }
  // A free gRPC port says nothing about the one 100 above it.
  const derived = config.grpcPort === 0 ? 0 : config.grpcPort + 100;
  return {
    grpc: { host, port: config.grpcPort },
    ops: { host, port: config.opsPort ?? derived },
  };
}
