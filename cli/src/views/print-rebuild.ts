import { type Rebuild, RebuildState } from '@nova/proto/gen/ops/ops_service_pb';
import { timeText } from '../consumers/registered-consumer.ts';
import type { Output } from '../output.ts';

const STATES: Readonly<Record<RebuildState, string>> = {
  [RebuildState.UNSPECIFIED]: 'unknown',
  [RebuildState.NONE]: 'none',
  [RebuildState.RUNNING]: 'running',
  [RebuildState.DONE]: 'done',
  [RebuildState.CANCELLED]: 'cancelled',
  [RebuildState.FAILED]: 'failed',
};

/** The last rebuild of a consumer as JSON. */
export function rebuildDocument(rebuild: Rebuild) {
  return {
    consumer: `${rebuild.service}/${rebuild.consumer}`,
    serving_generation: rebuild.servingGeneration,
    state: STATES[rebuild.state],
    generation: rebuild.generation,
    scanned: rebuild.scanned,
    head: rebuild.head,
    who: rebuild.who,
    reason: rebuild.reason,
    started_at: timeText(rebuild.startedAt),
    moved_at: timeText(rebuild.movedAt),
    ended_at: timeText(rebuild.endedAt),
    ended_by: rebuild.endedBy,
    failure: rebuild.failure,
  };
}

/** Prints it as one line of a table. */
export function printRebuild(rebuild: Rebuild, out: Output): void {
  const told = rebuildDocument(rebuild);
  const isBegun = rebuild.state !== RebuildState.NONE;
  out.table(
    [
      { title: 'CONSUMER' },
      { title: 'SERVES', align: 'right' },
      { title: 'REBUILD' },
      { title: 'GENERATION', align: 'right' },
      { title: 'POSITION', align: 'right' },
      { title: 'OF', align: 'right' },
      { title: 'LAST MOVED' },
      { title: 'WHO' },
      { title: 'WHY' },
    ],
    [
      [
        told.consumer,
        String(told.serving_generation),
        told.state,
        isBegun ? String(told.generation) : '',
        isBegun ? String(told.scanned) : '',
        String(told.head),
        (told.ended_at || told.moved_at).replace(/\.\d+Z$/, 'Z'),
        told.who,
        told.reason.split('\n')[0] ?? '',
      ],
    ],
  );
  const end = told.failure || (told.ended_by === '' ? '' : `ended by ${told.ended_by}`);
  if (end !== '') out.line(`  ${end}`);
}
