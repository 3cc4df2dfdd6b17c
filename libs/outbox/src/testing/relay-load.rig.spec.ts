import { expect } from '@jest/globals';
import { derivedId, newEventId, topicOf } from '@nova/events';
import type { Queryable } from '@nova/postgres';
import { type TestDatabase, waitFor } from '@nova/testkit';
import { sleep } from '@nova/time';
import { kcatEach } from '../../fixtures/kcat.ts';
import { append } from '../append.ts';
import { logHead } from '../log-state.ts';
import { WAKE_CHANNEL } from '../wake-channel.ts';

/** Appends to the same aggregates, a batch at a time, until it is stopped. */
export interface Load {
  /** Events that were stored. */
  stored(): number;
  /** Longest time that an append took. */
  slowestMs(): number;
  /** Rejects when an append failed. */
  stop(): Promise<void>;
}

/** Aggregates of one spec. */
export function aggregatesOf(name: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => derivedId(`${name} ${index}`));
}

/** Appends one event to each aggregate, as one unit. */
export async function appendRound(
  test: TestDatabase,
  eventType: string,
  aggregateIds: readonly string[],
): Promise<void> {
  const events = aggregateIds.map((aggregateId) => ({
    eventId: newEventId(),
    eventIdGiven: false,
    eventType,
    schemaVersion: 1,
    aggregateType: 'conversation',
    aggregateId,
    payload: Buffer.from('{"text":"hello"}'),
    source: '/nova/relay-spec',
    annotations: {},
  }));
  await append(test.database, [{ conditions: [], mode: 'atomic', events }]);
  await test.database.notify(WAKE_CHANNEL);
}

/** Appends a round every so many milliseconds. */
export function keepAppending(
  test: TestDatabase,
  eventType: string,
  aggregateIds: readonly string[],
  everyMs: number,
): Load {
  const stop = new AbortController();
  let [stored, slowestMs] = [0, 0];
  const done = (async () => {
    while (!stop.signal.aborted) {
      const startedAt = performance.now();
      await appendRound(test, eventType, aggregateIds);
      const took = performance.now() - startedAt;
      slowestMs = Math.max(slowestMs, took);
      stored += aggregateIds.length;
      await sleep(everyMs - took, stop.signal);
    }
  })();
  done.catch(() => {});
  return {
    stored: () => stored,
    slowestMs: () => slowestMs,
    stop() {
      stop.abort();
      return done;
    },
  };
}

/** Resolves when every lane has come to where the log ends now; the log may grow meanwhile. */
export async function allAtHead(database: Queryable, withinMs: number): Promise<void> {
  const { head } = await logHead(database);
  await waitFor(
    async () => {
      const { lanes } = await logHead(database);
      return lanes.every(({ position }) => position.position >= head.position);
    },
    { withinMs, what: 'all lanes at the head' },
  );
}

/** What of a log's events is in their topic. */
export interface TopicContents {
  /** Records that came before by partition: how often each partition had one again. */
  readonly repeated: ReadonlyMap<number, number>;
}

/** Every event of this type is in its topic, first occurrences of each aggregate in order. */
export async function expectTopicToHoldTheLog(
  database: Queryable,
  brokers: readonly string[],
  eventType: string,
): Promise<TopicContents> {
  const rows = await database.query<{ id: string }>(
    'SELECT event_id AS id FROM outbox_events WHERE event_type = $1',
    [eventType],
  );
  const seen = new Set<string>();
  const next = new Map<string, number>();
  const repeated = new Map<number, number>();
  const disorder: string[] = [];
  for await (const { key, headers, partition } of kcatEach(brokers, topicOf(eventType))) {
    const id = headers['ce_id'] ?? '';
    if (seen.has(id)) {
      repeated.set(partition, (repeated.get(partition) ?? 0) + 1);
      continue;
    }
    seen.add(id);
    const sequence = Number(headers['ce_novatypesequence']);
    const before = next.get(key) ?? 0;
    if (sequence !== before + 1) disorder.push(`${key}: ${sequence} after ${before}`);
    next.set(key, sequence);
  }
  expect(disorder).toEqual([]);
  const stored = new Set(rows.map(({ id }) => id));
  expect([...stored].filter((id) => !seen.has(id))).toEqual([]);
  expect([...seen].filter((id) => !stored.has(id))).toEqual([]);
  return { repeated };
}
