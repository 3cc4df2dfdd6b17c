import type { ActStanding } from '@nova/consumer';
import type { Violation } from '@nova/errors';
import {
  ParkedActKind,
  type ParkedActSchema,
  ParkedActState,
} from '@nova/proto/gen/ops/ops_service_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import { timeField } from './conditions.ts';
import type { OpsPorts } from './ops-ports.ts';

const LONGEST_REASON = 1000;
const FASTEST = 1000;

const KINDS: Readonly<Record<ActStanding['kind'], ParkedActKind>> = {
  replay: ParkedActKind.REPLAY,
  discard: ParkedActKind.DISCARD,
  refold: ParkedActKind.REFOLD,
};

const STATES: Readonly<Record<ActStanding['state'], ParkedActState>> = {
  running: ParkedActState.RUNNING,
  done: ParkedActState.DONE,
  cancelled: ParkedActState.CANCELLED,
};

/** What is wrong with why and how fast an act is wanted. */
export function orderViolations({
  reason,
  perSecond,
}: {
  readonly reason: string;
  readonly perSecond: number;
}): readonly Violation[] {
  const violations: Violation[] = [];
  const wrong = (field: string, description: string) => violations.push({ field, description });
  if (reason.trim() === '') wrong('reason', 'must say why');
  if (reason.length > LONGEST_REASON) wrong('reason', `must not be above ${LONGEST_REASON} long`);
  // PostgreSQL has no texts with it.
  if (reason.includes('\0')) wrong('reason', 'must not have a NUL');
  if (perSecond < 0 || perSecond > FASTEST) wrong('per_second', `must be from 0 to ${FASTEST}`);
  return violations;
}

/** An act as it goes over the wire. */
export function actMessage(
  { consumer }: OpsPorts,
  act: ActStanding,
): MessageInitShape<typeof ParkedActSchema> {
  const { service, consumer: name } = consumer.status();
  return {
    actId: act.actId,
    service,
    consumer: name,
    kind: KINDS[act.kind],
    isAboutEffects: act.subject === 'effects',
    who: act.who,
    reason: act.reason,
    selection: JSON.stringify(act.selection),
    perSecond: act.perSecond,
    state: STATES[act.state],
    ...timeField('startedAt', act.startedAt),
    ...timeField('endedAt', act.endedAt),
    endedBy: act.endedBy ?? '',
    total: act.total,
    done: act.done,
    failed: act.failed,
    gone: act.gone,
  };
}
