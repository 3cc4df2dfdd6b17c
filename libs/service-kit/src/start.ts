import type { Settings } from '@nova/config';
import { NovaError } from '@nova/errors';
import { catalogue } from '@nova/events';
import { type Part, probing, Readiness, startAll } from '@nova/lifecycle';
import {
  type ConfiguredIdentity,
  clientCredentials,
  configuredIdentity,
  createServer,
  identityFor,
  provesIdentity,
  type RateLimiter,
  errors as rpcErrors,
} from '@nova/rpc';
import { type Logger, metricsText } from '@nova/telemetry';
import { systemClock } from '@nova/time';
import { consumingParts } from './consuming/consuming-part.ts';
import type { Built, ServiceContext, ServiceDefinition } from './define.ts';
import { ownOutboxParts } from './forwarding/own-outbox.ts';
import type { Loaded } from './load.ts';
import { opsServer } from './ops-server.ts';
import { type ProcessRedis, processRedis, rateLimiter } from './process-redis.ts';

/** Calls in flight get this much of the time to drain, the parts behind them the rest. */
const RPC_SHARE_OF_DRAIN = 0.7;

/** A service that serves. */
export interface RunningService {
  readonly readiness: Readiness;
  /** `host:port` as bound, so with the real port where 0 was asked for. */
  readonly grpcAddress: string | undefined;
  readonly opsAddress: string;
  /** Drains: refuses new calls, finishes those in flight, then stops the parts in reverse. */
  stop(): Promise<void>;
}

/** What a definition is built with, also for its commands. */
export function contextOf<S extends Settings>(
  loaded: Loaded<S>,
  logger: Logger,
  crash: (thrown: unknown) => void,
): ServiceContext<S> {
  return {
    config: loaded.config,
    addresses: loaded.addresses,
    logger,
    clock: systemClock,
    readiness: new Readiness(),
    crash,
  };
}

/**
 * Starts the ops server, then the parts, then gRPC; the process is ready when all of that works.
 * When a part cannot start, those before it are stopped again and the error is thrown.
 */
export async function startService<S extends Settings>(
  definition: ServiceDefinition<S>,
  context: ServiceContext<S>,
): Promise<RunningService> {
  const { readiness, addresses, logger } = context;
  readiness.set('process', 'down', 'starting');
  const redis = processRedis(context.config, { name: definition.name, logger });
  const built = buildAll(definition, context, redis);
  const ops = opsServer(addresses.ops, {
    service: definition.name,
    readiness,
    metrics: metricsText,
    insights: built.insights ?? {},
  });
  const identity = identityOf(context, built);
  const rates = rateLimiter(context.config, redis, { name: definition.name, clock: context.clock });
  const grpc = grpcServer(context, built, identity, rates);
  const probes = [...(identity?.probes ?? []), ...redis.probes(), ...built.probes];
  const prober = probing(probes, readiness);
  const parts: Part[] = [ops, ...(identity?.parts ?? []), ...redis.parts(), prober, ...built.parts];
  if (grpc !== undefined) parts.push(grpc);
  const running = await startAll(parts);
  readiness.set('process', 'ready');
  const bound = ops.address();
  const service: RunningService = {
    readiness,
    grpcAddress: grpc === undefined ? undefined : grpc.address,
    opsAddress: `${addresses.ops.host}:${bound?.port ?? addresses.ops.port}`,
    async stop() {
      readiness.set('process', 'down', 'draining');
      // No probe begins any more: it would open again what is closed already, and nobody closes it then.
      await Promise.all([prober.stop(), running.stop()]);
    },
  };
  logger.info({ component: 'service-kit', outcome: 'started' }, 'service is serving');
  return service;
}

/** What the kit makes of the definition's outbox and consumer, then what the service builds itself. */
function buildAll<S extends Settings>(
  definition: ServiceDefinition<S>,
  context: ServiceContext<S>,
  redis: ProcessRedis,
): Built {
  const { name } = definition;
  const { addresses, logger, clock, crash } = context;
  const { mode } = context.config;
  const consumption = definition.consumer?.(context);
  const consuming =
    consumption &&
    consumingParts(
      {
        ...{ name, mode, addresses, logger, clock, crash, redis },
        credentials: credentialsOf(name, context),
      },
      consumption,
    );
  const use = definition.outbox?.(context);
  const credentials = () => credentialsOf(name, context);
  const outbox =
    use && ownOutboxParts({ name, mode, logger, clock, crash, credentials: credentials() }, use);
  const built = definition.build?.(context, consuming, outbox) ?? { parts: [], probes: [] };
  const before = [outbox, consuming].filter((made) => made !== undefined);
  return {
    ...built,
    parts: [...before.flatMap(({ parts }) => parts), ...built.parts],
    services: [...(built.services ?? []), ...(consuming?.services ?? [])],
    probes: [...before.flatMap(({ probes }) => probes), ...built.probes],
    insights: { ...outbox?.insights, ...consuming?.insights, ...built.insights },
  };
}

/** What the process shows to events-service. */
function credentialsOf<S extends Settings>(name: string, { config }: ServiceContext<S>) {
  if (config.mode === 'production' && !provesIdentity(config)) {
    throw new NovaError(rpcErrors.RPC_CREDENTIALS_MISSING, { service: name });
  }
  return clientCredentials(config);
}

/** The configured identity source of a process that is called and brings none itself. */
function identityOf<S extends Settings>(
  { addresses, config, clock, logger }: ServiceContext<S>,
  built: Built,
): ConfiguredIdentity | undefined {
  if (addresses.grpc === undefined || built.identity !== undefined) return undefined;
  return configuredIdentity(config, { clock, logger });
}

function grpcServer<S extends Settings>(
  context: ServiceContext<S>,
  built: Built,
  configured: ConfiguredIdentity | undefined,
  rates: RateLimiter | undefined,
) {
  const { logger, addresses } = context;
  const { grpc } = addresses;
  if (grpc === undefined) return undefined;
  const { mode, drainTimeoutMs, grpcReflection, grpcTlsCertFile, grpcTlsKeyFile } = context.config;
  const identity = identityFor(mode, built.identity ?? configured?.source);
  const fields = { component: 'service-kit', mode, source: identity.name };
  const encrypted = grpcTlsCertFile !== undefined && grpcTlsKeyFile !== undefined;
  if (mode === 'development') logger.warn(fields, 'callers are trusted without proof of identity');
  else if (encrypted) logger.info(fields, 'callers are identified');
  else logger.warn(fields, 'callers are identified over connections that are not encrypted');
  return createServer({
    services: built.services ?? [],
    address: grpc,
    identity,
    tls: encrypted
      ? {
          certFile: grpcTlsCertFile,
          keyFile: grpcTlsKeyFile,
          clientCaFile: context.config.grpcTlsClientCaFile,
        }
      : undefined,
    readiness: context.readiness,
    reflection: grpcReflection === 'on' || (grpcReflection === 'auto' && mode === 'development'),
    // Payloads travel as Struct or bytes: no RPC names their messages.
    alsoDescribe: [...new Set(catalogue.all().map(({ message }) => message.file))],
    logger,
    limits: {
      drainMs: drainTimeoutMs * RPC_SHARE_OF_DRAIN,
      callsInFlight: context.config.rpcCallsInFlight,
      callsPerCaller: context.config.rpcCallsPerCaller,
    },
    rates,
  });
}
