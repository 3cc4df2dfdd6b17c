import type { LogPosition, StoredEvent } from '@nova/events';
import { type Database, loadSql, type Queryable } from '@nova/postgres';
import { append } from '../append.ts';
import { eventsById } from '../read-events.ts';
import type { NewEvent } from '../unit.ts';
import {
  aggregateKey,
  judgeSource,
  SOURCE_VERSION,
  type SourceEvent,
  type SourceRefusal,
} from './judge-source.ts';

const sql = {
  lock: loadSql(new URL('../sql/source-lock.sql', import.meta.url)),
  heads: loadSql(new URL('../sql/source-heads.sql', import.meta.url)),
  move: loadSql(new URL('../sql/source-move.sql', import.meta.url)),
};

/** Somebody else may store an event of the same id while it is judged: then it is judged again. */
const MOST_TRIES = 3;

/** Where an event of a source is in the log. */
export interface SourceStored {
  readonly eventId: string;
  readonly aggregateType: string;
  readonly aggregateId: string;
  readonly aggregateVersion: bigint;
  readonly typeSequence: bigint;
  readonly position: LogPosition;
  /** RFC 3339, UTC, microseconds. */
  readonly storedAt: string;
  /** True when it was in the log before. */
  readonly replayed: boolean;
}

/** What became of an event of a source; `head` is the last version of its aggregate in the log. */
export type SourceOutcome =
  | { readonly outcome: 'stored'; readonly stored: SourceStored }
  | { readonly outcome: 'refused'; readonly reason: SourceRefusal; readonly head: bigint };

/**
 * Appends events of a team's own outbox, in their order: each once, however often it comes, and none
 * whose predecessor is missing. The log gives its own versions; that of the source is kept in the
 * event's metadata. Calls of one source wait for each other.
 *
 * @returns one outcome per event, in order
 * @throws what `append` throws; after POSTGRES_UNAVAILABLE send them again
 */
export async function appendFromSource(
  database: Database,
  source: string,
  events: readonly SourceEvent[],
): Promise<readonly SourceOutcome[]> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await database.transaction((tx) => appendOnce(tx, source, events));
    } catch (thrown) {
      if (!(thrown instanceof Overtaken) || tries === MOST_TRIES) throw thrown;
    }
  }
}

/** One of the ids was stored by somebody else after it was looked for. */
class Overtaken extends Error {}

async function appendOnce(
  tx: Queryable,
  source: string,
  events: readonly SourceEvent[],
): Promise<readonly SourceOutcome[]> {
  const [, heads, known] = await Promise.all([
    tx.query(sql.lock, [source]),
    readHeads(tx, source, events),
    eventsById(
      tx,
      events.map(({ event }) => event.eventId),
    ),
  ]);
  const byId = new Map(known.map((event) => [event.eventId, event]));
  const verdicts = judgeSource(source, events, { heads, byId });
  const fresh = events.filter((_, index) => verdicts[index]?.verdict === 'new');
  const stored = await store(tx, source, fresh);
  return verdicts.map((verdict, index) => {
    if (verdict.verdict === 'refused') return { ...verdict, outcome: 'refused' };
    if (verdict.verdict === 'known') return { outcome: 'stored', stored: replayOf(verdict.stored) };
    const own = stored.get(events[index]?.event.eventId ?? '');
    if (own === undefined) throw new TypeError('append answered fewer events than given');
    return { outcome: 'stored', stored: own };
  });
}

async function store(
  tx: Queryable,
  source: string,
  fresh: readonly SourceEvent[],
): Promise<ReadonlyMap<string, SourceStored>> {
  if (fresh.length === 0) return new Map();
  const [result] = await append(tx, [{ mode: 'atomic', conditions: [], events: fresh.map(asOwn) }]);
  if (result?.outcome !== 'stored') throw new Overtaken();
  const stored = new Map<string, SourceStored>();
  for (const event of result.events) {
    if (!('position' in event) || event.replayed) throw new Overtaken();
    stored.set(event.eventId, event);
  }
  const heads = new Map(fresh.map((one) => [aggregateKey(one.event), one]));
  const moved = [...heads.values()];
  await tx.query(sql.move, [
    source,
    moved.map(({ event }) => event.aggregateType),
    moved.map(({ event }) => event.aggregateId),
    moved.map(({ sourceVersion }) => sourceVersion),
  ]);
  return stored;
}

function asOwn({ event, sourceVersion }: SourceEvent): NewEvent {
  const metadata = { ...event.annotations.metadata, [SOURCE_VERSION]: String(sourceVersion) };
  return { ...event, eventIdGiven: true, annotations: { ...event.annotations, metadata } };
}

async function readHeads(
  tx: Queryable,
  source: string,
  events: readonly SourceEvent[],
): Promise<ReadonlyMap<string, bigint>> {
  const rows = await tx.query<{ aggregate_type: string; aggregate_id: string; version: bigint }>(
    sql.heads,
    [
      source,
      events.map(({ event }) => event.aggregateType),
      events.map(({ event }) => event.aggregateId),
    ],
  );
  return new Map(
    rows.map((row) => [
      aggregateKey({ aggregateType: row.aggregate_type, aggregateId: row.aggregate_id }),
      row.version,
    ]),
  );
}

function replayOf(event: StoredEvent): SourceStored {
  const { eventId, aggregateType, aggregateId, aggregateVersion, typeSequence } = event;
  const { position, storedAt } = event;
  return {
    ...{ eventId, aggregateType, aggregateId, aggregateVersion, typeSequence },
    ...{ position, storedAt, replayed: true },
  };
}
