import { deadLetterTopicOf, topicOf } from '@nova/events';
import type { Queryable } from '@nova/postgres';
import { sleep } from '@nova/time';
import type { SessionContext } from '../context.ts';
import { groupIdOf } from '../definition.ts';
import type { GenerationName } from '../marks.ts';
import type { DeadLetter } from './dead-letter.ts';
import { timeText } from './time-text.ts';

const LOOK_EVERY_MS = 2000;
const AT_ONCE = 20;

interface Unmirrored {
  readonly aggregate_type: string;
  readonly aggregate_id: string;
  readonly failed_version: bigint;
  readonly event_type: string;
  readonly topic: string | null;
  readonly partition: number | null;
  readonly offset: bigint | null;
  readonly published_ms: number | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly payload: Uint8Array;
  readonly attempts: number;
  readonly error_code: string;
  readonly reason: string;
  readonly stack: string;
  readonly fingerprint: string;
  readonly first_failed_at: string;
}

/**
 * Copies each event that is parked to `nova_dlt_<event_type>`, at least once, for tools that look
 * there. Nothing waits for it, and nothing is read back: the parking lot is the table.
 */
export async function runMirror(context: SessionContext, stop: AbortSignal): Promise<void> {
  const { database, generation, deadLetters, meters, logger } = context;
  if (deadLetters === undefined) return;
  while (!stop.aborted) {
    try {
      const found = await claim(database, generation);
      for (const one of found) {
        await deadLetters.send(letterOf(context, one));
        await mirrored(database, generation, one);
      }
      meters.over('mirror');
      if (found.length === AT_ONCE) continue;
    } catch (thrown) {
      if (meters.trouble('mirror', thrown)) {
        logger.warn({ err: thrown }, 'dead letters wait for a dependency');
      }
    }
    await sleep(LOOK_EVERY_MS, stop);
  }
}

function claim(
  database: Queryable,
  { consumer, generation }: GenerationName,
): Promise<readonly Unmirrored[]> {
  return database.query<Unmirrored>(
    `WITH next AS (
       SELECT aggregate_type, aggregate_id FROM parked_aggregates
       WHERE consumer = $1 AND generation = $2 AND state = 'parked' AND mirrored_at IS NULL
         AND (mirroring_until IS NULL OR mirroring_until < clock_timestamp())
       LIMIT $3 FOR UPDATE SKIP LOCKED)
     UPDATE parked_aggregates AS b SET mirroring_until = clock_timestamp() + interval '15 s'
     FROM next, parked_events AS e
     WHERE b.consumer = $1 AND b.generation = $2
       AND b.aggregate_type = next.aggregate_type AND b.aggregate_id = next.aggregate_id
       AND e.consumer = $1 AND e.generation = $2
       AND e.aggregate_type = b.aggregate_type AND e.aggregate_id = b.aggregate_id
       AND e.aggregate_version = b.failed_version
     RETURNING b.aggregate_type, b.aggregate_id, b.failed_version, e.event_type, e.topic,
       e.partition, e."offset", extract(epoch FROM e.published_at)::float8 * 1000 AS published_ms,
       e.headers, e.payload, b.attempts, b.error_code, b.reason, b.stack, b.fingerprint,
       ${timeText('b.first_failed_at')} AS first_failed_at`,
    [consumer, generation, AT_ONCE],
  );
}

async function mirrored(
  database: Queryable,
  { consumer, generation }: GenerationName,
  one: Unmirrored,
): Promise<void> {
  await database.query(
    `UPDATE parked_aggregates SET mirrored_at = clock_timestamp(), mirroring_until = NULL
     WHERE consumer = $1 AND generation = $2 AND aggregate_type = $3 AND aggregate_id = $4
       AND failed_version = $5`,
    [consumer, generation, one.aggregate_type, one.aggregate_id, one.failed_version],
  );
}

function letterOf({ definition, generation }: SessionContext, one: Unmirrored): DeadLetter {
  const { partition, offset, published_ms: publishedMs } = one;
  return {
    topic: deadLetterTopicOf(one.event_type),
    key: one.aggregate_id,
    value: one.payload,
    headers: {
      ...one.headers,
      'kafka_dlt-original-topic': one.topic ?? topicOf(one.event_type),
      // Absent where the event was read from the log.
      ...(partition === null ? {} : { 'kafka_dlt-original-partition': int32(partition) }),
      ...(offset === null ? {} : { 'kafka_dlt-original-offset': int64(offset) }),
      ...(publishedMs === null
        ? {}
        : { 'kafka_dlt-original-timestamp': int64(BigInt(Math.round(publishedMs))) }),
      'kafka_dlt-original-consumer-group': groupIdOf(definition, generation.generation),
      'kafka_dlt-exception-fqcn': one.error_code,
      'kafka_dlt-exception-message': one.reason,
      'kafka_dlt-exception-stacktrace': one.stack,
      nova_dlt_reason: one.error_code,
      nova_dlt_fingerprint: one.fingerprint,
      nova_dlt_attempts: String(one.attempts),
      nova_dlt_first_failed_at: one.first_failed_at,
      nova_dlt_consumer: `${definition.service}/${definition.name}`,
    },
  };
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function int64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return bytes;
}
