/**
 * The loop of the specification, as it documents it. Frozen: it is what nova is measured against, so
 * it must not get better or worse. 100 rows are claimed with SKIP LOCKED in one transaction; each is
 * sent and awaited by itself, then marked by itself. It pauses only when nothing waits, which favours
 * it: as documented it would pause for 100 ms after every 100 rows, 1,000 events/s at most.
 */
import type { Database } from '@nova/postgres';
import type { Producer } from 'kafkajs';

/** A row of the peers' outbox. */
export interface PeerRow {
  readonly id: bigint;
  readonly topic: string;
  readonly aggregate_id: string;
  readonly payload: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

const CLAIM = `
  SELECT id, topic, aggregate_id, payload, headers FROM peer_outbox
  WHERE published_at IS NULL ORDER BY id LIMIT 100 FOR UPDATE SKIP LOCKED`;
const MARK = 'UPDATE peer_outbox SET published_at = now() WHERE id = $1';
const PAUSE_MS = 100;

/** Runs until the signal aborts; tells how many were acknowledged and marked. */
export async function documentedLoop(
  database: Database,
  producer: Producer,
  sent: (records: number) => void,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const claimed = await database.transaction(async (transaction) => {
      const rows = await transaction.query<PeerRow>(CLAIM);
      for (const row of rows) {
        await producer.send({ topic: row.topic, acks: -1, messages: [messageOfRow(row)] });
        await transaction.query(MARK, [row.id]);
      }
      return rows.length;
    });
    sent(claimed);
    if (claimed === 0) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

/** The record that a row becomes; kafkajs chooses the partition from the key. */
export function messageOfRow({ aggregate_id, payload, headers }: PeerRow) {
  return { key: aggregate_id, value: payload, headers: { ...headers } };
}
