import { NovaError } from '@nova/errors';
import type { Readiness } from '@nova/lifecycle';
import {
  Health,
  type HealthCheckResponse,
  HealthCheckResponse_ServingStatus as Serving,
} from '@nova/proto/gen/grpc/health/v1/health_pb';
import { errors } from './errors.ts';
import { implement, type ServiceImplementation } from './implement.ts';

/** The health service of one server. */
export interface HealthService {
  readonly implementation: ServiceImplementation;
  /** From now on the answer is NOT_SERVING, and watches end after having said so. */
  drain(): void;
}

type Answer = Pick<HealthCheckResponse, 'status'>;

/**
 * `grpc.health.v1` over the readiness of the process. The empty name, `readiness` and each service
 * say whether it takes calls; `liveness` only that it runs. Degraded is serving.
 */
export function healthService(
  readiness: Readiness,
  serviceNames: readonly string[],
): HealthService {
  const names = new Set(['', 'readiness', 'liveness', ...serviceNames]);
  const watchers = new Set<() => void>();
  let draining = false;

  const serving = (name: string): Serving => {
    if (!names.has(name)) return Serving.SERVICE_UNKNOWN;
    if (name === 'liveness') return Serving.SERVING;
    const up = !draining && readiness.health().condition !== 'down';
    return up ? Serving.SERVING : Serving.NOT_SERVING;
  };

  const implementation = implement(
    Health,
    {
      async check({ service }) {
        if (!names.has(service)) throw new NovaError(errors.RPC_SERVICE_UNKNOWN, { service });
        return { status: serving(service) };
      },
      async list() {
        const statuses: Record<string, Answer> = {};
        for (const name of names) statuses[name] = { status: serving(name) };
        return { statuses };
      },
      watch: ({ service }, { signal }) =>
        changes({
          signal,
          state: () => serving(service),
          over: () => draining,
          watch: (changed) => {
            watchers.add(changed);
            const unwatch = readiness.watch(changed);
            return () => {
              watchers.delete(changed);
              unwatch();
            };
          },
        }),
    },
    { check: 'public', list: 'public', watch: 'public' },
  );

  return {
    implementation,
    drain() {
      draining = true;
      for (const changed of watchers) changed();
    },
  };
}

interface Watched {
  readonly signal: AbortSignal;
  state(): Serving;
  /** True when the state that was told last is the last of all. */
  over(): boolean;
  /** Calls `changed` whenever the state may have changed, until the returned function is called. */
  watch(changed: () => void): () => void;
}

// The present state, then each one that differs from the one told before.
async function* changes({ signal, state, over, watch }: Watched): AsyncGenerator<Answer> {
  let wake = () => {};
  const changed = () => wake();
  const unwatch = watch(changed);
  signal.addEventListener('abort', changed);
  try {
    let told: Serving | undefined;
    while (!signal.aborted) {
      // Made before looking: a change while the answer is sent then ends the wait at once.
      const next = new Promise<void>((resolve) => {
        wake = resolve;
      });
      const now = state();
      if (now !== told) yield { status: now };
      told = now;
      if (over()) throw new NovaError(errors.RPC_DRAINING);
      await next;
    }
  } finally {
    unwatch();
    signal.removeEventListener('abort', changed);
  }
}
