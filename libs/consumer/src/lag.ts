import type { Clock } from '@nova/time';
import type { ConsumerMeters } from './meters.ts';
import type { PartitionLog } from './partition-log.ts';

/** Age of the oldest event that waits, as far as it is known, for a consumer that has lag. */
export function lagSeconds(
  partitions: readonly PartitionLog[],
  { lastStoredAt }: ConsumerMeters,
  clock: Clock,
): number {
  const [oldest] = partitions.flatMap(({ waiting: [first] }) => first?.event.storedAt ?? []).sort();
  const since = oldest ?? lastStoredAt;
  return since === undefined ? 0 : Math.max(0, (clock.now().getTime() - Date.parse(since)) / 1000);
}
