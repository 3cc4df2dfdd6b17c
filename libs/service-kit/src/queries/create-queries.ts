import type { Consumer } from '@nova/consumer';
import { NovaError } from '@nova/errors';
import { decodeToken } from '@nova/events';
import type { Call } from '@nova/rpc';
import { histogram, metricNames } from '@nova/telemetry';
import type { Clock } from '@nova/time';
import { errors } from '../errors.ts';
import { invalidRequest } from '../request.ts';
import type { Queries } from './queries.ts';

const LONGEST_WAIT_MS = 5000;
/** Kept of the deadline for the query and its answer. */
const RESERVE_MS = 100;

const REFUSALS = {
  behind: errors.VIEW_BEHIND,
  blocked: errors.VIEW_BLOCKED,
  lost: errors.TOKEN_LOST,
};

const duration = histogram(metricNames.queryDuration, 'Time that a query took, waiting included.');

/** What queries are answered with. */
export interface QueryPorts {
  readonly consumer: Pick<Consumer, 'read' | 'waitFor'>;
  readonly clock: Clock;
}

/** Answers queries from this consumer's views; see {@link Queries}. */
export function createQueries({ consumer, clock }: QueryPorts): Queries {
  return {
    async run(call, minConsistencyToken, work) {
      const startedAtMs = clock.monotonicMs();
      try {
        await wait(consumer, call, minConsistencyToken, startedAtMs);
        return await consumer.read(work);
      } finally {
        duration.record((clock.monotonicMs() - startedAtMs) / 1000, { rpc_method: call.method });
      }
    },
  };
}

async function wait(
  consumer: QueryPorts['consumer'],
  call: Call,
  token: string,
  nowMs: number,
): Promise<void> {
  if (token === '') return;
  if (decodeToken(token) === undefined) {
    const description = 'is no consistency token; pass on what a command answered, or nothing';
    throw invalidRequest([{ field: 'min_consistency_token', description }]);
  }
  const waitMs = Math.max(0, Math.min(LONGEST_WAIT_MS, call.remainingMs() - RESERVE_MS));
  const answer = await consumer.waitFor(token, nowMs + waitMs);
  if (answer !== 'reached') throw new NovaError(REFUSALS[answer]);
}
