import { type Database, loadSql } from '@nova/postgres';

const sql = {
  purge: loadSql(new URL('./sql/purge-requests.sql', import.meta.url)),
  partitions: loadSql(new URL('./sql/partitions-ahead.sql', import.meta.url)),
};

const PURGE_BATCH = 1000;
/** Half a partition, hours of the highest rate: a new one is there long before it is needed. */
const POSITIONS_AHEAD = 2n ** 23n;
const PARTITION_TIMEOUT_MS = 30_000;

/**
 * Removes expired answers to requests, a thousand per statement so that none holds locks for long,
 * and at most `batches` of them.
 *
 * @returns how many were removed
 */
export async function purgeRequests(database: Database, batches = 100): Promise<number> {
  let purged = 0;
  for (let left = batches; left > 0; left -= 1) {
    const [row] = await database.query<{ purged: bigint }>(sql.purge, [PURGE_BATCH]);
    const count = Number(row?.purged ?? 0n);
    purged += count;
    if (count < PURGE_BATCH) break;
  }
  return purged;
}

/**
 * Makes the log's next partition when the last one is half full. An append that finds none makes it
 * itself; doing it ahead keeps that out of a caller's way.
 */
export async function ensurePartitions(database: Database): Promise<void> {
  await database.session({ statementTimeoutMs: PARTITION_TIMEOUT_MS }, (session) =>
    session.query(sql.partitions, [POSITIONS_AHEAD]),
  );
}
