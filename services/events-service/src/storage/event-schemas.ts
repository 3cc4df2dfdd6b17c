import type { Database, Queryable } from '@nova/postgres';
import type { Compatibility, JsonMap } from '@nova/schemas';

/** Tells all instances that types or their schemas have changed. */
export const SCHEMA_CHANNEL = 'nova_event_schemas';

/** An event type of another team, with a version of its schema. */
export interface RegisteredSchema {
  readonly eventType: string;
  readonly aggregateType: string;
  readonly owner: string;
  readonly compatibility: Compatibility;
  /** Undefined: it is not deprecated. */
  readonly deprecationReason: string | undefined;
  readonly latestVersion: number;
  readonly version: number;
  /** Canonical JSON. */
  readonly schemaText: string;
  readonly registeredBy: string;
  /** RFC 3339, UTC, microseconds. */
  readonly registeredAt: string;
}

/** What is registered. */
export interface NewSchema {
  readonly eventType: string;
  readonly aggregateType: string;
  readonly owner: string;
  readonly compatibility: Compatibility;
  readonly schemaText: string;
  readonly registeredBy: string;
}

interface SchemaRow {
  readonly event_type: string;
  readonly aggregate_type: string;
  readonly owner: string;
  readonly compatibility: Compatibility;
  readonly deprecation_reason: string | null;
  readonly latest_version: number;
  readonly version: number;
  readonly schema: string;
  readonly registered_by: string;
  readonly registered_at: string;
}

const COLUMNS = `t.event_type, t.aggregate_type, t.owner, t.compatibility, t.deprecation_reason,
  t.latest_version, s.version, s.schema, s.registered_by,
  to_char(s.registered_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS registered_at`;

/** A version of a type's schema; 0 = the last one. */
export async function schemaOf(
  database: Queryable,
  eventType: string,
  version = 0,
): Promise<RegisteredSchema | undefined> {
  const [row] = await database.query<SchemaRow>(
    `SELECT ${COLUMNS} FROM event_types AS t JOIN event_schemas AS s USING (event_type)
     WHERE t.event_type = $1 AND s.version = coalesce(nullif($2, 0), t.latest_version)`,
    [eventType, version],
  );
  return row && schemaOfRow(row);
}

/** All versions of a type, in ascending order. */
export async function versionsOf(
  database: Queryable,
  eventType: string,
): Promise<readonly RegisteredSchema[]> {
  const rows = await database.query<SchemaRow>(
    `SELECT ${COLUMNS} FROM event_types AS t JOIN event_schemas AS s USING (event_type)
     WHERE t.event_type = $1 ORDER BY s.version`,
    [eventType],
  );
  return rows.map(schemaOfRow);
}

/** The last versions of types changed after a revision, and the revision that this is the state of. */
export async function schemasSince(
  database: Queryable,
  revision: bigint,
): Promise<{ readonly revision: bigint; readonly schemas: readonly RegisteredSchema[] }> {
  const [now] = await database.query<{ revision: bigint }>(
    'SELECT revision FROM event_types_revision',
  );
  if (now === undefined || now.revision === revision) return { revision, schemas: [] };
  // What is committed meanwhile comes along, and once more the next time.
  const rows = await database.query<SchemaRow>(
    `SELECT ${COLUMNS} FROM event_types AS t
     JOIN event_schemas AS s ON s.event_type = t.event_type AND s.version = t.latest_version
     WHERE t.revision > $1`,
    [revision],
  );
  return { revision: now.revision, schemas: rows.map(schemaOfRow) };
}

/** All registered types with their last versions, by type. */
export async function allSchemas(database: Queryable): Promise<readonly RegisteredSchema[]> {
  return (await schemasSince(database, -1n)).schemas.toSorted((left, right) =>
    left.eventType < right.eventType ? -1 : 1,
  );
}

/** The names of all registered types. */
export async function registeredTypes(database: Queryable): Promise<readonly string[]> {
  const rows = await database.query<{ event_type: string }>('SELECT event_type FROM event_types');
  return rows.map((row) => row.event_type);
}

/** What else there is that bears on a registration. */
export interface Neighbours {
  /** Registered types. */
  readonly types: number;
  /** Types of the same aggregate type, and who owns these. */
  readonly siblings: number;
  readonly siblingOwner: string | undefined;
}

/** What else there is, before a type is registered. */
export async function neighboursOf(
  database: Queryable,
  { eventType, aggregateType }: Pick<NewSchema, 'eventType' | 'aggregateType'>,
): Promise<Neighbours> {
  const [row] = await database.query<{ types: bigint; siblings: bigint; owner: string | null }>(
    `SELECT count(*) AS types,
            count(*) FILTER (WHERE aggregate_type = $2 AND event_type <> $1) AS siblings,
            min(owner) FILTER (WHERE aggregate_type = $2 AND event_type <> $1) AS owner
     FROM event_types`,
    [eventType, aggregateType],
  );
  return {
    types: Number(row?.types ?? 0n),
    siblings: Number(row?.siblings ?? 0n),
    siblingOwner: row?.owner ?? undefined,
  };
}

/**
 * Runs `change` alone among all registrations, with the revision that its rows are to have, and
 * tells all instances afterwards.
 */
export async function changeSchemas<T>(
  database: Database,
  change: (tx: Queryable, revision: bigint) => Promise<T>,
): Promise<T> {
  const result = await database.transaction(async (tx) => {
    const [row] = await tx.query<{ revision: bigint }>(
      'UPDATE event_types_revision SET revision = revision + 1 RETURNING revision',
    );
    if (row === undefined) throw new TypeError('event_types_revision has no row');
    return change(tx, row.revision);
  });
  // Whoever misses it looks by itself a little later.
  await database.notify(SCHEMA_CHANNEL).catch(() => {});
  return result;
}

/** Stores a version; the caller holds the revision and knows that it is the next one. */
export async function keepVersion(
  tx: Queryable,
  schema: NewSchema,
  { version, revision }: { readonly version: number; readonly revision: bigint },
): Promise<void> {
  await tx.query(
    `INSERT INTO event_types
       (event_type, aggregate_type, owner, compatibility, latest_version, revision)
     VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (event_type) DO UPDATE
     SET latest_version = excluded.latest_version, revision = excluded.revision`,
    [schema.eventType, schema.aggregateType, schema.owner, schema.compatibility, version, revision],
  );
  await tx.query(
    'INSERT INTO event_schemas (event_type, version, schema, registered_by) VALUES ($1, $2, $3, $4)',
    [schema.eventType, version, schema.schemaText, schema.registeredBy],
  );
}

/** Makes another rule hold for the versions to come. */
export async function keepCompatibility(
  tx: Queryable,
  eventType: string,
  compatibility: Compatibility,
  revision: bigint,
): Promise<void> {
  await tx.query('UPDATE event_types SET compatibility = $2, revision = $3 WHERE event_type = $1', [
    eventType,
    compatibility,
    revision,
  ]);
}

/** Deprecates a type, or takes it back where there is no reason. */
export async function keepDeprecation(
  tx: Queryable,
  eventType: string,
  reason: string | undefined,
  revision: bigint,
): Promise<void> {
  await tx.query(
    'UPDATE event_types SET deprecation_reason = $2, revision = $3 WHERE event_type = $1',
    [eventType, reason ?? null, revision],
  );
}

/** The schema as JSON. */
export function parsedSchema({ schemaText }: RegisteredSchema): JsonMap {
  // Written by canonicalJson from a map.
  return JSON.parse(schemaText) as JsonMap;
}

function schemaOfRow(row: SchemaRow): RegisteredSchema {
  return {
    eventType: row.event_type,
    aggregateType: row.aggregate_type,
    owner: row.owner,
    compatibility: row.compatibility,
    deprecationReason: row.deprecation_reason ?? undefined,
    latestVersion: row.latest_version,
    version: row.version,
    schemaText: row.schema,
    registeredBy: row.registered_by,
    registeredAt: row.registered_at,
  };
}
