import { messageOf, NovaError } from '@nova/errors';
import type { Logger } from '@nova/telemetry';
import { type Backoff, backoffMs, sleep } from '@nova/time';
import { errors } from './errors.ts';
import type { PartitionBounds } from './partition-bounds.ts';
import type { PartitionReader } from './partition-reader.ts';
import { partitionKey, type StartOffset, type TopicPartition } from './seam.ts';

const RETRY: Backoff = { initialMs: 100, factor: 2, maxMs: 2000, jitter: 0.2 };

/** What is needed to place readers. */
export interface Placement {
  boundsOf(topics: readonly string[]): Promise<ReadonlyMap<string, PartitionBounds>>;
  /** Tells the driver where to fetch next. */
  seek(reader: PartitionReader, offset: bigint): void;
  readonly signal: AbortSignal;
  readonly logger: Logger;
}

/**
 * Asks where readers begin and lets them read there. An offset that the partition does not have
 * becomes its beginning, here and not in kafkajs, which would commit a negative offset for it. Tries
 * again, with pauses, until it succeeds or every reader is ended or displaced again. Never rejects.
 */
export async function placeReaders(
  readers: readonly PartitionReader[],
  ask: (left: readonly TopicPartition[]) => Promise<ReadonlyMap<string, StartOffset>>,
  { boundsOf, seek, signal, logger }: Placement,
): Promise<void> {
  const places = new Map(readers.map((reader) => [reader, reader.place]));
  const stillToPlace = () =>
    readers.filter((reader) => !reader.isEnded && reader.place === places.get(reader));
  for (let attempt = 1; !signal.aborted; attempt += 1) {
    const left = stillToPlace();
    if (left.length === 0) return;
    try {
      const wanted = await ask(left.map(({ topic, partition }) => ({ topic, partition })));
      const bounds = await boundsOf(left.map(({ topic }) => topic));
      for (const reader of stillToPlace()) {
        const offset = startOf(reader, wanted, bounds, logger);
        seek(reader, offset);
        reader.highWatermark = bounds.get(partitionKey(reader))?.end ?? offset;
        reader.readFrom(offset);
      }
      return;
    } catch (thrown) {
      const retryInMs = backoffMs(RETRY, attempt);
      const fields = { component: 'kafka', attempt, retry_in_ms: Math.round(retryInMs) };
      logger.warn({ ...fields, reason: messageOf(thrown) }, 'kafka consumer has no start offsets');
      await sleep(retryInMs, signal);
    }
  }
}

/** The offset to begin at, one that the partition has. */
function startOf(
  { topic, partition }: TopicPartition,
  wanted: ReadonlyMap<string, StartOffset>,
  bounds: ReadonlyMap<string, PartitionBounds>,
  logger: Logger,
): bigint {
  const key = partitionKey({ topic, partition });
  const found = bounds.get(key);
  if (found === undefined) throw new NovaError(errors.KAFKA_TOPIC_UNKNOWN, { topic });
  const start = wanted.get(key) ?? 'beginning';
  if (start === 'beginning') return found.begin;
  if (start >= found.begin && start <= found.end) return start;
  const fields = { component: 'kafka', topic, partition, offset: start };
  logger.warn(fields, 'kafka does not have the stored offset, beginning at the beginning');
  return found.begin;
}
