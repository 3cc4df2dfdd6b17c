import type { StoredEvent } from '@nova/events';
import type { NewEvent } from '../unit.ts';

/** The metadata key under which the version in the team's outbox travels. */
export const SOURCE_VERSION = 'source_version';

/** An event of a team's own outbox. */
export interface SourceEvent {
  readonly event: NewEvent;
  /** 1, 2, 3 … within (source, aggregate), without holes. */
  readonly sourceVersion: bigint;
}

/**
 * Why an event of a source was not stored:
 *
 *   SOURCE_VERSION_GAP      the one before it is not in the log
 *   SOURCE_VERSION_REUSED   the log has another event of that version: the outbox was set back
 *   EVENT_ID_REUSED         the id belongs to an event that did not come from there
 */
export type SourceRefusal = 'SOURCE_VERSION_GAP' | 'SOURCE_VERSION_REUSED' | 'EVENT_ID_REUSED';

/** What is to be done with an event. */
export type SourceVerdict =
  | { readonly verdict: 'new' }
  | { readonly verdict: 'known'; readonly stored: StoredEvent }
  | { readonly verdict: 'refused'; readonly reason: SourceRefusal; readonly head: bigint };

/** Names an aggregate in maps. */
export function aggregateKey(of: {
  readonly aggregateType: string;
  readonly aggregateId: string;
}): string {
  return `${of.aggregateType}/${of.aggregateId}`;
}

/**
 * Judges the events of a source in their order, against the last version of each aggregate and the
 * events that have their ids. One that is refused does not move its aggregate, so that the later ones
 * of it are refused as well.
 */
export function judgeSource(
  source: string,
  events: readonly SourceEvent[],
  log: {
    readonly heads: ReadonlyMap<string, bigint>;
    readonly byId: ReadonlyMap<string, StoredEvent>;
  },
): readonly SourceVerdict[] {
  const heads = new Map(log.heads);
  return events.map(({ event, sourceVersion }) => {
    const key = aggregateKey(event);
    const head = heads.get(key) ?? 0n;
    const stored = log.byId.get(event.eventId);
    const refused = (reason: SourceRefusal) => ({ verdict: 'refused', reason, head }) as const;
    if (sourceVersion <= head) {
      const isSame = stored !== undefined && isFrom(stored, source, key, sourceVersion);
      return isSame ? { verdict: 'known', stored } : refused('SOURCE_VERSION_REUSED');
    }
    if (sourceVersion > head + 1n) return refused('SOURCE_VERSION_GAP');
    if (stored !== undefined) return refused('EVENT_ID_REUSED');
    heads.set(key, sourceVersion);
    return { verdict: 'new' };
  });
}

function isFrom(stored: StoredEvent, source: string, key: string, version: bigint): boolean {
  return (
    stored.source === source &&
    aggregateKey(stored) === key &&
    stored.annotations.metadata?.[SOURCE_VERSION] === String(version)
  );
}
