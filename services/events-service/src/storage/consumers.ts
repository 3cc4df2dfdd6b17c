import type { Database } from '@nova/postgres';

/** A member of a consumer as it registers. */
export interface ConsumerMember {
  readonly service: string;
  readonly consumer: string;
  readonly generation: number;
  readonly eventTypes: readonly string[];
  /** `host:port` of its ops RPCs. */
  readonly opsAddress: string;
  /** The properties that it reads, by event type; of one that is not here it may read any. */
  readonly fields: Readonly<Record<string, readonly string[]>>;
}

/** A member that does not renew within this time counts as gone. */
export const MEMBER_TTL_SECONDS = 60;

/**
 * Keeps a member for MEMBER_TTL_SECONDS more. The first registration ever of its consumer notes
 * `head`, which all later ones are answered with.
 */
export async function registerMember(
  database: Database,
  member: ConsumerMember,
  head: string,
): Promise<{ readonly effectsFrom: string }> {
  return database.transaction(async (tx) => {
    const [row] = await tx.query<{ effects_from: string }>(
      `INSERT INTO consumers
         (service, consumer, effects_from, generation, ops_address, event_types, fields,
          last_seen_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, clock_timestamp())
       ON CONFLICT (service, consumer) DO UPDATE
       SET generation = excluded.generation, ops_address = excluded.ops_address,
           event_types = excluded.event_types, fields = excluded.fields,
           last_seen_at = excluded.last_seen_at
       RETURNING effects_from`,
      [
        member.service,
        member.consumer,
        head,
        member.generation,
        member.opsAddress,
        member.eventTypes,
        JSON.stringify(member.fields),
      ],
    );
    await tx.query(
      `INSERT INTO consumer_members
         (service, consumer, generation, ops_address, event_types, expires_at)
       VALUES ($1, $2, $3, $4, $5, clock_timestamp() + make_interval(secs => $6))
       ON CONFLICT (service, consumer, generation, ops_address)
       DO UPDATE SET event_types = excluded.event_types, expires_at = excluded.expires_at`,
      [
        member.service,
        member.consumer,
        member.generation,
        member.opsAddress,
        member.eventTypes,
        MEMBER_TTL_SECONDS,
      ],
    );
    return { effectsFrom: row?.effects_from ?? head };
  });
}

/** A consumer as it registered last. */
export interface KnownConsumer extends ConsumerMember {
  readonly effectsFrom: string;
  /** Times are RFC 3339, UTC, with microseconds. */
  readonly registeredAt: string;
  readonly lastSeenAt: string;
  /** Those whose registration has not run out; empty when the consumer does not run. */
  readonly members: readonly {
    readonly opsAddress: string;
    readonly generation: number;
    readonly lastSeenAt: string;
  }[];
}

/** Every consumer that ever registered, by service and consumer. */
export async function knownConsumers(database: Database): Promise<readonly KnownConsumer[]> {
  const rows = await database.query<KnownRow>(
    `SELECT c.service, c.consumer, c.generation, c.ops_address, c.event_types, c.fields, c.effects_from,
            ${at('c.registered_at')} AS registered_at, ${at('c.last_seen_at')} AS last_seen_at,
            (SELECT coalesce(json_agg(json_build_object(
                      'opsAddress', m.ops_address,
                      'generation', m.generation,
                      'lastSeenAt', ${at('m.expires_at - make_interval(secs => $1)')}
                    ) ORDER BY m.ops_address, m.generation), '[]')
             FROM consumer_members AS m
             WHERE m.service = c.service AND m.consumer = c.consumer
               AND m.expires_at > clock_timestamp()) AS members
     FROM consumers AS c
     -- Not those of a version that did not note this, until they register again.
     WHERE c.last_seen_at IS NOT NULL
     ORDER BY c.service COLLATE "C", c.consumer COLLATE "C"`,
    [MEMBER_TTL_SECONDS],
  );
  return rows.map((row) => ({
    service: row.service,
    consumer: row.consumer,
    generation: row.generation,
    opsAddress: row.ops_address,
    eventTypes: row.event_types,
    fields: row.fields,
    effectsFrom: row.effects_from,
    registeredAt: row.registered_at,
    lastSeenAt: row.last_seen_at,
    members: row.members,
  }));
}

interface KnownRow {
  readonly service: string;
  readonly consumer: string;
  readonly generation: number;
  readonly ops_address: string;
  readonly event_types: readonly string[];
  readonly fields: KnownConsumer['fields'];
  readonly effects_from: string;
  readonly registered_at: string;
  readonly last_seen_at: string;
  readonly members: KnownConsumer['members'];
}

function at(expression: string): string {
  return `to_char((${expression}) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
}

/** Removes members that have not renewed; uses the index consumer_members_expiry. */
export async function purgeMembers(database: Database): Promise<void> {
  await database.query('DELETE FROM consumer_members WHERE expires_at < clock_timestamp()');
}
