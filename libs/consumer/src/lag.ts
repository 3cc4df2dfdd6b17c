import type { Clock } from '@nova/time';
import type { ConsumerMeters } from './meters.ts';
import type { PartitionLog } from './partition-log.ts';

/**
 * Age of the oldest event that waits, as far as it is known; 0 without lag. Of events that are on
 * their way nothing is known but that they are younger than the last one that was applied, and than
 * the lag: after a quiet time the former is long ago.
 */
export function lagSeconds(
  partitions: readonly PartitionLog[],
  { lastStoredAt }: Pick<ConsumerMeters, 'lastStoredAt'>,
  clock: Clock,
): number {
  const late = partitions.filter((partition) => partition.lag() > 0n);
  if (late.length === 0) return 0;
  const ageOf = (storedAt: string) => clock.now().getTime() - Date.parse(storedAt);
  const [oldest] = late.flatMap(({ waiting: [first] }) => first?.event.storedAt ?? []).sort();
  if (oldest !== undefined) return Math.max(0, ageOf(oldest) / 1000);
  const sinceMs = Math.min(...late.map(({ lagSinceMs }) => lagSinceMs));
  const lagMs = clock.monotonicMs() - sinceMs;
  const atMostMs = lastStoredAt === undefined ? lagMs : Math.min(lagMs, ageOf(lastStoredAt));
  return Math.max(0, atMostMs / 1000);
}
