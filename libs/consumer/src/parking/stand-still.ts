import { sleep } from '@nova/time';
import { type AggregateName, aggregateKey } from '../aggregate.ts';
import type { SessionContext } from '../context.ts';
import type { Delivery } from '../delivery.ts';
import type { PartitionLog } from '../partition-log.ts';
import { readBlocked } from './parked-store.ts';

const LOOK_EVERY_MS = 1000;

/** Gives deliveries that found no room back to their partitions, which stand still from now on. */
export function standStill(context: SessionContext, refused: readonly Delivery[]): void {
  const { intake, meters, room, logger } = context;
  const partitions = new Map<PartitionLog, Delivery[]>();
  for (const delivery of refused) {
    const partition =
      delivery.entry === undefined ? undefined : intake.get(delivery.entry.partition);
    if (partition === undefined || partition !== delivery.entry?.partition) continue;
    const given = partitions.get(partition);
    if (given === undefined) partitions.set(partition, [delivery]);
    else given.push(delivery);
  }
  for (const [partition, given] of partitions) {
    const { aggregateType, aggregateId } = given[0]?.event ?? {
      aggregateType: '',
      aggregateId: '',
    };
    if (partition.standsFor.size === 0) {
      const { topic, partition: number } = partition;
      logger.error(
        { topic, partition: number, aggregate_type: aggregateType, aggregate_id: aggregateId },
        'too much is parked, the partition stands still',
      );
    }
    for (const { aggregate, event } of given) partition.standsFor.set(aggregate, event);
    partition.giveBack(given);
    meters.trouble('parking', room.fullness(`${aggregateType}/${aggregateId}`));
  }
}

/** Counts what is parked, and lets partitions go on once there is room for what they stand for. */
export async function watchRoom(context: SessionContext, stop: AbortSignal): Promise<void> {
  const { database, generation, settings, room, intake, meters, work, logger } = context;
  while (!stop.aborted) {
    try {
      const [row] = await database.query<{ parked: number }>(
        `SELECT count(*)::integer AS parked FROM (
           SELECT FROM parked_events WHERE consumer = $1 AND generation = $2 LIMIT $3) AS p`,
        [generation.consumer, generation.generation, settings.parkedTotal],
      );
      room.counted(row?.parked ?? 0);
      const standing = intake.partitions().filter(({ standsFor }) => standsFor.size > 0);
      for (const partition of standing) {
        if (!(await hasRoom(context, [...partition.standsFor.values()]))) continue;
        partition.standsFor.clear();
        logger.info(
          { topic: partition.topic, partition: partition.partition },
          'partition goes on',
        );
        work.notify();
      }
      if (intake.partitions().every(({ standsFor }) => standsFor.size === 0)) {
        meters.over('parking');
      }
    } catch (thrown) {
      logger.debug({ err: thrown }, 'what is parked could not be counted');
    }
    await sleep(LOOK_EVERY_MS, stop);
  }
}

async function hasRoom(
  { database, generation, room }: SessionContext,
  names: readonly AggregateName[],
): Promise<boolean> {
  if (room.isFull()) return false;
  const blocked = await readBlocked(database, generation, names, room.countTo);
  return names.every((name) => {
    const block = blocked.get(aggregateKey(name));
    return block === undefined || room.roomFor(block) > 0;
  });
}
