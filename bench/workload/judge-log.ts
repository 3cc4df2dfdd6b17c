import { readWindow } from '@nova/outbox';
import type { Database } from '@nova/postgres';
import { Oracle, wrongIn } from './oracle.ts';
import type { Workload } from './workload.ts';

const SHAPE = `
  SELECT max(position) - count(*) AS gaps,
         (SELECT count(*) FROM outbox_aggregates AS a WHERE a.version <>
           (SELECT count(*) FROM outbox_events AS e
            WHERE e.aggregate_type = a.aggregate_type AND e.aggregate_id = a.aggregate_id)) AS holes
  FROM outbox_events`;

/**
 * What is wrong with a log that many callers have appended a workload to: every event is there once
 * with its bytes, positions and versions have no gap. Callers beside each other have no order.
 */
export async function wrongInLog(
  database: Database,
  workload: Workload,
): Promise<string | undefined> {
  const oracle = new Oracle(workload);
  for (let after = 0n; ; ) {
    const { events, scanned } = await readWindow(database, { after, limit: 1000 });
    if (scanned.position === after) break;
    for (const { eventType, aggregateId, payload } of events) {
      oracle.see(eventType, aggregateId, payload);
    }
    after = scanned.position;
  }
  const [shape] = await database.query<{ gaps: bigint; holes: bigint }>(SHAPE);
  const faults = [wrongIn({ ...oracle.verdict(), reordered: 0 })];
  if (shape?.gaps !== 0n) faults.push(`${shape?.gaps} positions without event`);
  if (shape?.holes !== 0n) faults.push(`${shape?.holes} aggregates with wrong versions`);
  const found = faults.filter((fault) => fault !== undefined);
  return found.length === 0 ? undefined : found.join(', ');
}
