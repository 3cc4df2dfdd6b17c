import type { Parking } from './forwarder-store.ts';
import { keyOf, type OutboxEvent } from './local-event.ts';
import type { MeshLog } from './mesh-log.ts';

/** What nova takes in one call, with some room for what it counts besides. */
const MOST_EVENTS = 500;
const MOST_BYTES = 900 * 1024;

/** What became of events that were sent. */
export interface Sent {
  /** The first refused event of each aggregate; all before it are in the log, none behind it is. */
  readonly refused: ReadonlyMap<string, Parking>;
  /** The last position that nova answered with. */
  readonly logPosition: string | undefined;
  /** Nova no longer has what it had taken before: nothing of this counts. */
  readonly isLost: boolean;
  /** How many are in the log. */
  readonly stored: number;
}

/**
 * Sends events in their order. What comes behind a refused one of its aggregate is not sent.
 *
 * @param logPosition the last position that was answered before
 * @throws what `MeshLog.forward` throws
 */
export async function sendEvents(
  log: MeshLog,
  events: readonly OutboxEvent[],
  logPosition: string | undefined,
): Promise<Sent> {
  const refused = new Map<string, Parking>();
  let last = logPosition;
  let stored = 0;
  let rest = events;
  while (rest.length > 0) {
    const open = rest.filter((event) => !refused.has(keyOf(event)));
    const batch = firstBatch(open);
    if (batch.length === 0) break;
    const answer = await log.forward(batch, last);
    if (answer.answer === 'lost') return { refused, logPosition: undefined, isLost: true, stored };
    batch.forEach((event, index) => {
      const outcome = answer.outcomes[index];
      if (outcome === undefined) throw new TypeError('nova answered fewer events than were sent');
      if (outcome.outcome === 'stored') {
        last = outcome.position ?? last;
        stored += 1;
      } else if (!refused.has(keyOf(event))) {
        refused.set(keyOf(event), parkingOf(event, outcome));
      }
    });
    rest = open.slice(batch.length);
  }
  return { refused, logPosition: last, isLost: false, stored };
}

function firstBatch(events: readonly OutboxEvent[]): readonly OutboxEvent[] {
  let bytes = 0;
  const end = events.findIndex((event, index) => {
    bytes += event.payload.length + Buffer.byteLength(JSON.stringify(event.metadata)) + 64;
    return index > 0 && (index >= MOST_EVENTS || bytes > MOST_BYTES);
  });
  return end < 0 ? events : events.slice(0, end);
}

function parkingOf(
  event: OutboxEvent,
  refusal: { readonly reason: string; readonly message: string; readonly head?: bigint },
): Parking {
  const { aggregateType, aggregateId, sourceVersion } = event;
  const { reason, message, head } = refusal;
  // Where earlier ones are missing over there, it is with them that sending must begin.
  const isGap = head !== undefined && head + 1n < sourceVersion;
  const nextVersion = isGap ? head + 1n : sourceVersion;
  return { aggregateType, aggregateId, nextVersion, reason, message };
}
