import { randomUUID } from 'node:crypto';
import { RpcError } from '@nova/rpc';
import { losingProxy } from '@nova/testkit';
import { logDatabase } from './log-database.rig.spec.ts';
import { serveLog } from './testing.ts';

/** What became of calls whose commits were never answered. */
export interface LostAnswers {
  /** Answers of the database that were lost. */
  readonly lost: number;
  /** Calls that failed with the outcome unknown, before they were repeated. */
  readonly failed: number;
  /** Statuses of those failures. */
  readonly statuses: readonly string[];
  /** Events in the log. */
  readonly events: number;
  /** Calls that left another number of events than one, by their answers or in the log. */
  readonly wrong: readonly string[];
}

const AT_ONCE = 8;
const MOST_ATTEMPTS = 50;

/**
 * Publishes events, each through a connection to PostgreSQL that loses the answer of the statement
 * that has stored it, once; repeats each call with its own id until it is answered.
 */
export async function publishWithLostAnswers(count: number): Promise<LostAnswers> {
  const data = await logDatabase();
  const url = new URL(data.url);
  const due = new Set<string>();
  const proxy = await losingProxy(Number(url.port), (request) => {
    // Appends alone have one, several where calls are stored together.
    const markers = [...request.toString('latin1').matchAll(MARKER)].map(([marker]) => marker);
    return markers.filter((marker) => due.delete(marker)).length > 0;
  });
  url.port = String(proxy.port);
  const served = await serveLog(url.href);
  const statuses = new Map<string, number>();
  const answers = new Map<string, string>();
  const publishOne = async () => {
    const id = randomUUID();
    due.add(id);
    const request = {
      eventType: 'message_created',
      aggregateId: id,
      payload: { message_id: id, sender_id: SENDER, content: 'once' },
      ...(due.size % 2 === 0 ? { requestId: randomUUID() } : { eventId: randomUUID() }),
    };
    for (let attempt = 1; ; attempt += 1) {
      try {
        const { event } = await served.events.publishEvent(request);
        answers.set(id, event?.eventId ?? '');
        return;
      } catch (thrown) {
        if (!(thrown instanceof RpcError) || attempt === MOST_ATTEMPTS) throw thrown;
        statuses.set(thrown.status, (statuses.get(thrown.status) ?? 0) + 1);
      }
    }
  };
  try {
    let left = count;
    const worker = async () => {
      while (left > 0) {
        left -= 1;
        await publishOne();
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    const rows = await data.database.query<{ id: string; event_id: string }>(
      'SELECT aggregate_id AS id, event_id FROM outbox_events',
    );
    const stored = Map.groupBy(rows, ({ id }) => id);
    const wrong = [...answers].filter(([id, eventId]) => {
      const events = stored.get(id) ?? [];
      return events.length !== 1 || events[0]?.event_id !== eventId;
    });
    return {
      lost: proxy.lost(),
      failed: [...statuses.values()].reduce((sum, n) => sum + n, 0),
      statuses: [...statuses.keys()].sort(),
      events: rows.length,
      wrong: wrong.map(([id]) => id),
    };
  } finally {
    await served.stop();
    proxy.close();
    await data.drop();
  }
}

const SENDER = '11111111-2222-5333-8444-555555555555';
/** Ids drawn at random, as aggregates have them here. */
const MARKER = /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/g;
