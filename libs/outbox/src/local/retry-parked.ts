import type {
  ForwarderStore,
  Held,
  ParkedAggregate,
  ParkedChanges,
  Parking,
} from './forwarder-store.ts';
import { keyOf, type OutboxEvent } from './local-event.ts';
import type { MeshLog } from './mesh-log.ts';
import { sendEvents } from './send-events.ts';

/**
 * How many are tried between two windows: however many are parked, what is new does not wait for
 * them.
 */
const MOST_AGGREGATES = 100;
/** Of all of them, and one of each at least. */
const MOST_EVENTS = 500;
const MOST_BYTES = 4 * 1024 * 1024;

/** What became of parked aggregates that were tried. */
export interface Retried extends ParkedChanges {
  /** How many. */
  readonly tried: number;
  readonly logPosition: string | undefined;
  /** Nova has lost events: nothing of this counts. */
  readonly isLost: boolean;
}

/**
 * Sends what parked aggregates wait with, of those whose time has come, in one go.
 *
 * @throws what `MeshLog.forward` throws
 */
export async function retryParked(
  store: ForwarderStore,
  log: MeshLog,
  { logPosition }: Held,
): Promise<Retried> {
  const due = await store.due(MOST_AGGREGATES);
  if (due.length === 0) return { tried: 0, logPosition, isLost: false };
  const perAggregate = Math.ceil(MOST_EVENTS / due.length);
  const { events, isCut } = await store.eventsOf(due, { perAggregate, bytes: MOST_BYTES });
  const waiting = Map.groupBy(events, keyOf);
  const missing = due.filter((one) => isMissing(one, waiting.get(keyOf(one))?.[0]));
  const gone = new Set(missing.map(keyOf));
  const sendable = events.filter((event) => !gone.has(keyOf(event)));
  const sent = await sendEvents(log, sendable, logPosition);
  if (sent.isLost) return { tried: due.length, logPosition: undefined, isLost: true };
  const parked: Parking[] = missing.map(notKept);
  const freed: ParkedAggregate[] = [];
  for (const one of due) {
    const own = waiting.get(keyOf(one)) ?? [];
    const last = own.at(-1);
    const refused = sent.refused.get(keyOf(one));
    if (gone.has(keyOf(one)) || (last === undefined && isCut)) continue;
    if (refused !== undefined) parked.push(refused);
    else if (last === undefined || (own.length < perAggregate && !isCut)) freed.push(one);
    else parked.push(goesOn(one, last));
  }
  return { tried: due.length, parked, freed, logPosition: sent.logPosition, isLost: false };
}

function isMissing({ nextVersion }: ParkedAggregate, first: OutboxEvent | undefined): boolean {
  return first !== undefined && first.sourceVersion !== nextVersion;
}

function notKept(one: ParkedAggregate): Parking {
  const message = `version ${one.nextVersion} is not kept here any more`;
  return { ...one, reason: 'SOURCE_VERSION_GAP', message };
}

function goesOn(one: ParkedAggregate, { sourceVersion }: OutboxEvent): Parking {
  const rest = { ...one, nextVersion: sourceVersion + 1n };
  return { ...rest, reason: 'BEHIND', message: 'more follow', isBehind: true };
}
