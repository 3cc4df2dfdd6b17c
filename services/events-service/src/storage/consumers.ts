import type { Database } from '@nova/postgres';

/** A member of a consumer as it registers. */
export interface ConsumerMember {
  readonly service: string;
  readonly consumer: string;
  readonly generation: number;
  readonly eventTypes: readonly string[];
  /** `host:port` of its ops RPCs. */
  readonly opsAddress: string;
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
    await tx.query(
      `INSERT INTO consumers (service, consumer, effects_from) VALUES ($1, $2, $3)
       ON CONFLICT (service, consumer) DO NOTHING`,
      [member.service, member.consumer, head],
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
    const [row] = await tx.query<{ effects_from: string }>(
      'SELECT effects_from FROM consumers WHERE service = $1 AND consumer = $2',
      [member.service, member.consumer],
    );
    return { effectsFrom: row?.effects_from ?? head };
  });
}

/** Removes members that have not renewed; uses the index consumer_members_expiry. */
export async function purgeMembers(database: Database): Promise<void> {
  await database.query('DELETE FROM consumer_members WHERE expires_at < clock_timestamp()');
}
