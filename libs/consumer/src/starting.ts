import { isNovaError, NovaError } from '@nova/errors';
import type { LogPosition } from '@nova/events';
import { type Backoff, backoffMs, sleep } from '@nova/time';
import { catchUp, lanesOf } from './catch-up.ts';
import type { SessionContext } from './context.ts';
import {
  type OpenSource,
  partitionKey,
  type StartOffset,
  type TopicPartition,
} from './delivery-source.ts';
import { errors } from './errors.ts';
import { readOffsets } from './offsets.ts';
import type { PartitionLog } from './partition-log.ts';
import { readTails, writeTails } from './tail.ts';

const AGAIN: Backoff = { initialMs: 100, factor: 2, maxMs: 2000, jitter: 0.2 };

/**
 * Where newly assigned partitions begin: at the last record that the view has settled, which the
 * intake then wants to see again, or at the beginning.
 *
 * @throws Error when partitions were taken away meanwhile: they may be assigned again by now, and
 *   have moved. The source asks again for those that it still has.
 */
export async function startOffsets(
  { database, generation, intake, epochs }: SessionContext,
  assigned: readonly TopicPartition[],
): Promise<Map<string, StartOffset>> {
  const { revocations } = intake;
  const stored = await readOffsets(database, generation, assigned);
  if (intake.revocations !== revocations) {
    throw new Error('partitions were taken away while their offsets were read');
  }
  const starts = new Map<string, StartOffset>();
  for (const partition of assigned) {
    const found = stored.get(partitionKey(partition));
    const { epoch } = found?.identity ?? { epoch: '' };
    const isSound = found !== undefined && (epoch === '' || epochs.isValid(found.identity));
    intake.assign(partition, isSound ? found : undefined);
    starts.set(partitionKey(partition), isSound ? found.offset : 'beginning');
  }
  return starts;
}

/** Sees to the start of partitions until it is done, whatever is away meanwhile. */
export async function settleStart(context: SessionContext, stop: AbortSignal): Promise<void> {
  const { meters, logger } = context;
  for (let attempt = 1; !stop.aborted; attempt += 1) {
    try {
      const source = context.source();
      if (source !== undefined) {
        await startPartitions(context, source, stop);
        meters.over('start');
        return;
      }
    } catch (thrown) {
      if (stop.aborted) return;
      if (isNovaError(thrown, errors.CONSUMER_GENERATION_RETIRED)) {
        context.restart('another generation serves');
        return;
      }
      if (meters.trouble('start', thrown)) {
        logger.warn({ err: thrown }, 'assigned partitions cannot begin yet');
      }
    }
    await sleep(backoffMs(AGAIN, attempt), stop);
  }
}

async function startPartitions(
  context: SessionContext,
  source: OpenSource,
  stop: AbortSignal,
): Promise<void> {
  const { database, generation, intake, settings, log, epochs } = context;
  const partitions = intake.partitions();
  const numbers = [...new Set(partitions.map(({ partition }) => partition))];
  if (numbers.length === 0) return;
  // Lanes and partition numbers belong together by this number: without it nothing may begin.
  const partitionCount = countOf(context, source);
  // The ends first, the head of the log after them: whatever Kafka has now is in the log by then.
  const ends = await source.endOffsets();
  await epochs.ask(log);
  const tails = await readTails(database, generation, numbers);
  let lag = 0n;
  for (const partition of partitions) {
    partition.endsAt(ends.get(partitionKey(partition)) ?? 0n);
    lag += partition.lag();
  }
  const isNew = numbers.some((number) => !tails.has(number));
  if (!isNew && lag <= BigInt(settings.catchUpLag)) {
    // An earlier attempt may have paused them, and `regulate` rests meanwhile.
    letGoOn(source, partitions);
    return;
  }
  const assigned = [...partitions];
  source.pause(assigned);
  context.logger.info({ count: Number(lag) }, 'catching up from the log');
  await catchUp(
    context,
    {
      from: isNew ? undefined : lowestOf(context, [...tails.values()]),
      lanes: lanesOf(new Set(numbers), partitionCount),
      partitions: numbers,
    },
    stop,
  );
  if (isNew) await ensureTails(context, numbers);
  // Another start has begun: what this one knows of the ends is older than what that one does.
  stop.throwIfAborted();
  await goOnFromEnds(context, source, assigned, ends);
}

/** A log without events gives no cursor: then the tail begins at its beginning. */
async function ensureTails(context: SessionContext, numbers: readonly number[]): Promise<void> {
  const { database, generation, epochs } = context;
  const tails = await readTails(database, generation, numbers);
  const without = numbers.filter((number) => !tails.has(number));
  const start = { epoch: epochs.present(), position: 0n };
  await writeTails(database, generation, without, start);
}

/**
 * Goes on with Kafka where it ended before the log was read. The last record before is read again:
 * once it is settled, its identity is stored with its offset.
 */
async function goOnFromEnds(
  { intake }: SessionContext,
  source: OpenSource,
  assigned: readonly TopicPartition[],
  ends: ReadonlyMap<string, bigint>,
): Promise<void> {
  for (const one of assigned) {
    const partition = intake.get(one);
    if (partition === undefined) continue;
    const end = ends.get(partitionKey(one)) ?? 0n;
    const from = end > 0n ? end - 1n : 0n;
    await source.seek(one, end > 0n ? from : 'beginning');
    partition.restart(from);
  }
  letGoOn(
    source,
    assigned.flatMap((one) => intake.get(one) ?? []),
  );
}

function letGoOn(source: OpenSource, partitions: readonly PartitionLog[]): void {
  for (const partition of partitions) partition.isPaused = false;
  source.resume(partitions);
}

function lowestOf(
  { epochs }: SessionContext,
  tails: readonly LogPosition[],
): LogPosition | undefined {
  const clipped = tails.map((tail) => epochs.clip(tail));
  return clipped.reduce((least, tail) =>
    least === undefined || (tail !== undefined && least.position <= tail.position) ? least : tail,
  );
}

/**
 * Number of partitions of the consumer's topics.
 *
 * @throws CONSUMER_PARTITIONS_DIFFER when they have different ones.
 */
export function countOf({ generation }: SessionContext, source: OpenSource): number {
  const topics = Map.groupBy(source.partitionCounts(), ([, count]) => count);
  const [count] = topics.keys();
  if (topics.size !== 1 || count === undefined || count < 1) {
    const counts = [...topics]
      .map(([number, of]) => `${number} of ${of.map(([topic]) => topic).join(', ')}`)
      .join('; ');
    const { consumer } = generation;
    throw new NovaError(errors.CONSUMER_PARTITIONS_DIFFER, { consumer, counts });
  }
  return count;
}
