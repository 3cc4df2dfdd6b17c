import {
  type FailedPart,
  type ParkedAct,
  ParkedActKind,
  ParkedActState,
} from '@nova/proto/gen/ops/ops_service_pb';
import { timeText } from '../consumers/registered-consumer.ts';
import type { Output } from '../output.ts';

const STATES: Readonly<Record<ParkedActState, string>> = {
  [ParkedActState.UNSPECIFIED]: 'unknown',
  [ParkedActState.RUNNING]: 'running',
  [ParkedActState.DONE]: 'done',
  [ParkedActState.CANCELLED]: 'cancelled',
};

const KINDS: Readonly<Record<ParkedActKind, string>> = {
  [ParkedActKind.UNSPECIFIED]: 'unknown',
  [ParkedActKind.REPLAY]: 'replay',
  [ParkedActKind.DISCARD]: 'discard',
  [ParkedActKind.REFOLD]: 'refold',
};

/** An act as JSON. */
export type ActDocument = ReturnType<typeof actDocument>;

/** An act with what of it has failed, as JSON. */
export function actDocument(act: ParkedAct, failed: readonly FailedPart[] = []) {
  return {
    act_id: act.actId,
    consumer: `${act.service}/${act.consumer}`,
    kind: KINDS[act.kind],
    subject: act.isAboutEffects ? 'effects' : 'aggregates',
    who: act.who,
    reason: act.reason,
    // Written by the service as JSON.
    selection: JSON.parse(act.selection) as unknown,
    per_second: act.perSecond,
    state: STATES[act.state],
    started_at: timeText(act.startedAt),
    ended_at: timeText(act.endedAt),
    ended_by: act.endedBy,
    total: act.total,
    done: act.done,
    failed: act.failed,
    gone: act.gone,
    failures: failed.map((part) => ({
      aggregate_type: part.aggregateType,
      aggregate_id: part.aggregateId,
      detail: part.detail,
    })),
  };
}

/** Prints a line per act, and what of them has failed. */
export function printActs(acts: readonly ActDocument[], out: Output): void {
  out.table(
    [
      { title: 'ACT' },
      { title: 'CONSUMER' },
      { title: 'WHAT' },
      { title: 'STATE' },
      { title: 'DONE', align: 'right' },
      { title: 'FAILED', align: 'right' },
      { title: 'GONE', align: 'right' },
      { title: 'OF', align: 'right' },
      { title: 'STARTED' },
      { title: 'WHO' },
      { title: 'WHY' },
    ],
    acts.map((act) => [
      act.act_id,
      act.consumer,
      `${act.kind} ${act.subject}`,
      act.state,
      String(act.done),
      act.failed === 0 ? '0' : out.style.bad(String(act.failed)),
      String(act.gone),
      String(act.total),
      act.started_at.replace(/\.\d+Z$/, 'Z'),
      act.who,
      act.reason.split('\n')[0] ?? '',
    ]),
  );
  for (const { consumer, failures } of acts) {
    for (const { aggregate_type: type, aggregate_id: id, detail } of failures) {
      out.line(`  ${consumer} ${type === '' ? 'effect' : `${type}/${id}`}: ${detail}`);
    }
  }
}
