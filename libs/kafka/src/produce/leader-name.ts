import { BrokerError } from '../broker-error.ts';

/**
 * The broker that leads a partition, as metadata have it; undefined without such a partition.
 *
 * @throws BrokerError LEADER_NOT_AVAILABLE while none does
 */
export function leaderName(
  topic: string,
  partition: number,
  found: { readonly leader: number } | undefined,
): string | undefined {
  if (found === undefined) return undefined;
  if (found.leader >= 0) return String(found.leader);
  const reason = `partition ${partition} of ${topic} has no leader`;
  throw new BrokerError('LEADER_NOT_AVAILABLE', reason);
}
