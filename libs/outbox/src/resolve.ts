import type { StoredEvent } from '@nova/events';
import { loadSql, type Queryable } from '@nova/postgres';
import { type AnswerRow, readUnit } from './answers.ts';
import { readStored, type StoredRow } from './stored-row.ts';
import type { RequestKey, UnitResult } from './unit.ts';

const sql = {
  known: loadSql(new URL('./sql/known-request.sql', import.meta.url)),
  newer: loadSql(new URL('./sql/newer-events.sql', import.meta.url)),
};

const MAX_NEWER = 500;
const MAX_NEWER_BYTES = 1024 * 1024;

/** What a decision was made on. */
export interface SeenAggregate {
  readonly aggregateType: string;
  readonly aggregateId: string;
  /** The types that could change the decision; none = all. */
  readonly eventTypes: readonly string[];
  readonly version: bigint;
}

/** What speaks against a refusal; it is final when nothing does. */
export interface Resolved {
  /** The answer of an earlier call with this key, or the refusal of a key used otherwise. */
  readonly stored?: UnitResult;
  /** Events to decide on anew, at most 500 and about 1 MiB, in the order of the log. */
  readonly newer: readonly StoredEvent[];
  readonly more: boolean;
}

/** Asked before a command is refused (DECISIONS 5): was it done before, or has something happened? */
export async function resolve(
  database: Queryable,
  { key, seen }: { readonly key?: RequestKey; readonly seen: readonly SeenAggregate[] },
): Promise<Resolved> {
  const stored = key === undefined ? undefined : await knownRequest(database, key);
  if (stored !== undefined) return { stored, newer: [], more: false };
  return newerEvents(database, seen);
}

async function knownRequest(
  database: Queryable,
  { principal, method, requestId, hash }: RequestKey,
): Promise<UnitResult | undefined> {
  const params = [principal, method, requestId, Buffer.from(hash)];
  const rows = await database.query<AnswerRow>(sql.known, params);
  return rows.length === 0 ? undefined : readUnit(undefined, rows);
}

/** The events above what was seen, of the types that matter. */
async function newerEvents(database: Queryable, seen: readonly SeenAggregate[]): Promise<Resolved> {
  if (seen.length === 0) return { newer: [], more: false };
  const aggregates = JSON.stringify(
    seen.map(({ aggregateType, aggregateId, eventTypes, version }) => ({
      aggregate_type: aggregateType,
      aggregate_id: aggregateId,
      event_types: eventTypes,
      version: String(version),
    })),
  );
  const rows = await database.query<StoredRow & { has_more: boolean }>(sql.newer, [
    aggregates,
    MAX_NEWER,
    MAX_NEWER_BYTES,
  ]);
  return { newer: rows.map(readStored), more: rows[0]?.has_more ?? false };
}
