/**
 * What most teams write next: 500 rows claimed with SKIP LOCKED, sent in one request, marked by one
 * statement. Frozen, as the documented loop is.
 */
import type { Database } from '@nova/postgres';
import type { Producer } from 'kafkajs';
import { messageOfRow, type PeerRow } from './documented-loop.ts';

const CLAIM = `
  SELECT id, topic, aggregate_id, payload, headers FROM peer_outbox
  WHERE published_at IS NULL ORDER BY id LIMIT 500 FOR UPDATE SKIP LOCKED`;
const MARK = 'UPDATE peer_outbox SET published_at = now() WHERE id = ANY ($1::bigint[])';
const PAUSE_MS = 20;

/** Runs until the signal aborts; tells how many were acknowledged and marked. */
export async function batchedLoop(
  database: Database,
  producer: Producer,
  sent: (records: number) => void,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const claimed = await database.transaction(async (transaction) => {
      const rows = await transaction.query<PeerRow>(CLAIM);
      if (rows.length === 0) return 0;
      const byTopic = Map.groupBy(rows, ({ topic }) => topic);
      const topicMessages = [...byTopic].map(([topic, of]) => ({
        topic,
        messages: of.map(messageOfRow),
      }));
      await producer.sendBatch({ acks: -1, topicMessages });
      await transaction.query(MARK, [rows.map(({ id }) => id)]);
      return rows.length;
    });
    sent(claimed);
    if (claimed === 0) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
