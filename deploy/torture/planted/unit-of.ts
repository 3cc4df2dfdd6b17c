import type { AppendUnit } from '@nova/outbox';
import type { AskedEvent } from '../checker/history.ts';

/** What is asked for, as the log takes it. */
export function unitOf(events: readonly AskedEvent[]): AppendUnit {
  return {
    mode: 'atomic',
    conditions: events.flatMap(({ aggregate, onVersion }) =>
      onVersion === undefined
        ? []
        : [
            {
              aggregateType: 'conversation',
              aggregateId: aggregate,
              kind: 'version',
              version: BigInt(onVersion),
            },
          ],
    ),
    events: events.map(({ id, type, aggregate, payload }) => ({
      eventId: id,
      eventIdGiven: true,
      eventType: type,
      schemaVersion: 1,
      aggregateType: 'conversation',
      aggregateId: aggregate,
      payload: Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload)),
      source: '/nova/torture',
      annotations: {},
    })),
  };
}
