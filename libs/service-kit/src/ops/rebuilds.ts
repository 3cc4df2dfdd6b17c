import type { RebuildStanding } from '@nova/consumer';
import type { Violation } from '@nova/errors';
import {
  type CancelRebuildRequest,
  type CancelRebuildResponseSchema,
  type GetRebuildRequest,
  type GetRebuildResponseSchema,
  type RebuildSchema,
  RebuildState,
  type StartRebuildRequest,
  type StartRebuildResponseSchema,
} from '@nova/proto/gen/ops/ops_service_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import type { Call } from '@nova/rpc';
import { invalidRequest } from '../request.ts';
import { timeField } from './conditions.ts';
import type { OpsPorts } from './ops-ports.ts';

const LONGEST_REASON = 1000;

const STATES: Readonly<Record<RebuildStanding['state'], RebuildState>> = {
  none: RebuildState.NONE,
  running: RebuildState.RUNNING,
  done: RebuildState.DONE,
  cancelled: RebuildState.CANCELLED,
  failed: RebuildState.FAILED,
};

/** Begins a rebuild of the consumer's views, or tells what one would read. */
export function startRebuild(ports: OpsPorts) {
  return async (
    { reason, dryRun }: StartRebuildRequest,
    call: Call,
  ): Promise<MessageInitShape<typeof StartRebuildResponseSchema>> => {
    const { rebuilding } = ports.consumer;
    const violations = reasonViolations(reason, dryRun);
    if (violations.length > 0) throw invalidRequest(violations);
    const who = call.caller.principal;
    const standing = dryRun ? await rebuilding.standing() : await rebuilding.begin({ who, reason });
    return { rebuild: rebuildMessage(ports, standing) };
  };
}

/** Tells how far the last rebuild is. */
export function getRebuild(ports: OpsPorts) {
  return async (
    _: GetRebuildRequest,
  ): Promise<MessageInitShape<typeof GetRebuildResponseSchema>> => ({
    rebuild: rebuildMessage(ports, await ports.consumer.rebuilding.standing()),
  });
}

/** Ends the rebuild that runs. */
export function cancelRebuild(ports: OpsPorts) {
  return async (
    _: CancelRebuildRequest,
    call: Call,
  ): Promise<MessageInitShape<typeof CancelRebuildResponseSchema>> => {
    const standing = await ports.consumer.rebuilding.cancel(call.caller.principal);
    return { rebuild: rebuildMessage(ports, standing) };
  };
}

function reasonViolations(reason: string, isDry: boolean): Violation[] {
  const descriptions = [
    ...(reason.trim() === '' && !isDry ? ['must say why'] : []),
    ...(reason.length > LONGEST_REASON ? [`must not be above ${LONGEST_REASON} long`] : []),
    // PostgreSQL has no texts with it.
    ...(reason.includes('\0') ? ['must not have a NUL'] : []),
  ];
  return descriptions.map((description) => ({ field: 'reason', description }));
}

function rebuildMessage(
  { consumer }: OpsPorts,
  standing: RebuildStanding,
): MessageInitShape<typeof RebuildSchema> {
  const { service, consumer: name } = consumer.status();
  const { state, serving, startedAt, movedAt, endedAt, aggregates, views, ...rest } = standing;
  return {
    ...rest,
    service,
    consumer: name,
    state: STATES[state],
    servingGeneration: serving,
    aggregates: BigInt(aggregates),
    views: [...views],
    ...timeField('startedAt', startedAt),
    ...timeField('movedAt', movedAt),
    ...timeField('endedAt', endedAt),
  };
}
