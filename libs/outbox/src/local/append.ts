import { loadSql } from '@nova/postgres';
import { numberArray, textArray } from '../array-literal.ts';
import { acceptLocalEvents } from './accept-events.ts';
import type { LocalEvent, LocallyAppended } from './local-event.ts';

const appendSql = loadSql(new URL('./sql/append.sql', import.meta.url));

/**
 * What runs statements in the team's transaction: a client of `pg` on which BEGIN was said, or the
 * `tx` of `Database.transaction`.
 */
export interface TransactionClient {
  query(text: string, values: unknown[]): Promise<unknown>;
}

/**
 * Puts events into the team's outbox, within the transaction that `client` is in: they are there if
 * and only if it commits, in the order in which they are given. Their aggregates stay locked until
 * its end, so that the order of versions is the order of commits; append late in a transaction, and
 * to several aggregates in one call, or in the order of their names.
 *
 * Works in every isolation level; above READ COMMITTED, where an aggregate was changed meanwhile,
 * with PostgreSQL's serialization failure, after which the transaction is to be repeated.
 *
 * @param events at most 500
 * @returns what was appended, in the order of `events`
 * @throws LOCAL_EVENT_INVALID before anything was sent; what `client.query` rejects with
 */
export async function append(
  client: TransactionClient,
  events: readonly LocalEvent[],
): Promise<readonly LocallyAppended[]> {
  if (events.length === 0) return [];
  const accepted = acceptLocalEvents(events);
  let end = 1;
  const starts = accepted.map(({ payload }) => {
    end += payload.length;
    return end - payload.length;
  });
  const answer = await client.query(appendSql.text, [
    textArray(accepted.map(({ eventId }) => eventId)),
    textArray(accepted.map(({ eventType }) => eventType)),
    textArray(accepted.map(({ aggregateType }) => aggregateType)),
    textArray(accepted.map(({ aggregateId }) => aggregateId)),
    textArray(accepted.map(({ occurredAt }) => occurredAt)),
    textArray(accepted.map(({ headers }) => JSON.stringify(headers))),
    numberArray(starts),
    numberArray(accepted.map(({ payload }) => payload.length)),
    Buffer.concat(accepted.map(({ payload }) => payload)),
  ]);
  const versions = new Map(rowsOf(answer).map((row) => [row.appended_id, row.appended_version]));
  return accepted.map(({ eventId, aggregateType, aggregateId }) => {
    const version = versions.get(eventId);
    if (version === undefined) throw new TypeError('the outbox answered fewer events than given');
    return { eventId, aggregateType, aggregateId, sourceVersion: BigInt(version) };
  });
}

interface AnswerRow {
  readonly appended_id: string;
  readonly appended_version: string;
}

/** Clients answer with the rows, or as `pg` does with a result that has them. */
function rowsOf(answer: unknown): readonly AnswerRow[] {
  const rows = Array.isArray(answer)
    ? answer
    : typeof answer === 'object' && answer !== null && 'rows' in answer
      ? answer.rows
      : undefined;
  if (!Array.isArray(rows)) throw new TypeError('the client does not answer with rows');
  // The columns of sql/append.sql, both of types that every client hands out as text.
  return rows as readonly AnswerRow[];
}
