import { join } from 'node:path';
import { HEAP_FLAGS } from '@nova/lifecycle';
import {
  Health,
  HealthCheckResponse_ServingStatus,
} from '@nova/proto/gen/grpc/health/v1/health_pb';
import { createClient } from '@nova/rpc';
import type { ServerProcess } from '@nova/servers';
import { childEnvironment } from '../child-environment.ts';
import { repositoryRoot } from '../repository.ts';
import { askOpsHealth, complaintsOf } from './ops-health.ts';

/** A nova process as a row of the start plan. */
export interface ServiceRow {
  readonly name: string;
  /** Folder in services/. */
  readonly folder: string;
  /** Main file in its src/. */
  readonly main: string;
  /** Absent for a process without gRPC. */
  readonly grpcPort?: number;
  readonly opsPort: number;
  /** It has consumers. */
  readonly consumes: boolean;
  /** What differs from other services: addresses, credentials. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Time a service gets to finish its work; the supervisor kills it a second later. */
const DRAIN_MS = 6_000;
const HEALTH_DEADLINE_MS = 2_000;
/** As a URL: a service need not depend on it by itself. */
const TELEMETRY = import.meta.resolve('@nova/telemetry/register');

/** How the supervisor starts and asks a nova service. Start it with its input held. */
export function serviceProcess(row: ServiceRow): ServerProcess {
  return {
    name: row.name,
    stopSignal: 'SIGTERM',
    prepare: () => Promise.resolve(),
    command: () => ({
      file: process.execPath,
      args: [...HEAP_FLAGS, '--import', TELEMETRY, join('src', row.main)],
      cwd: join(repositoryRoot, 'services', row.folder),
      env: serviceEnvironment(row),
    }),
    ready: () => checkService(row),
  };
}

/** Rejects unless the service answers on both of its ports. Degraded is an answer. */
export async function checkService(row: ServiceRow): Promise<void> {
  const health = await askOpsHealth(row.opsPort);
  if (health.condition === 'down') throw new Error(`not ready: ${complaintsOf(health)}`);
  if (row.grpcPort !== undefined) await askHealth(`127.0.0.1:${row.grpcPort}`);
}

async function askHealth(address: string): Promise<void> {
  const client = createClient(Health, { address, deadlineMs: HEALTH_DEADLINE_MS });
  try {
    const { status } = await client.check({}, { waitForReady: true });
    if (status !== HealthCheckResponse_ServingStatus.SERVING) throw new Error('gRPC: not serving');
  } finally {
    client.close();
  }
}

/** The environment of a supervised service: the caller's, with what the stack decides on top. */
export function serviceEnvironment(row: ServiceRow): Readonly<Record<string, string>> {
  return childEnvironment({
    // Threads of Node would each keep freed memory of their own; see HEAP_FLAGS.
    MALLOC_ARENA_MAX: '2',
    NOVA_MODE: 'development',
    NOVA_SUPERVISED: '1',
    NOVA_DRAIN_TIMEOUT_MS: String(DRAIN_MS),
    NOVA_OPS_PORT: String(row.opsPort),
    ...(row.grpcPort === undefined ? {} : { NOVA_GRPC_PORT: String(row.grpcPort) }),
    ...row.environment,
  });
}
