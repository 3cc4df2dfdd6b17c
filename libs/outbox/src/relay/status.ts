import { isNovaError, messageOf } from '@nova/errors';
import type { RelayContext } from './context.ts';
import type { Trouble } from './meters.ts';

/** How a relay is doing. */
export interface RelayStatus {
  readonly relayId: string;
  readonly isRunning: boolean;
  readonly lanesOwned: number;
  /** Lanes that the common front has left behind. */
  readonly lanesLagging: number;
  /** Aggregates of its lanes that wait because Kafka does not take their next event. */
  readonly aggregatesParked: number;
  /** Everything of this relay's lanes up to here is acknowledged or parked; undefined without lanes. */
  readonly acknowledgedTo: bigint | undefined;
  /** Events acknowledged since the start. */
  readonly publishedTotal: number;
  /** Over about the last 10 s. */
  readonly publishedPerSecond: number;
  readonly troubles: readonly {
    readonly kind: Trouble;
    readonly errorCode: string | undefined;
    readonly reason: string;
  }[];
}

/** The status of a relay from its memory; nothing is asked. */
export function statusOf(
  { table, meters }: RelayContext,
  relayId: string,
  isRunning: boolean,
): RelayStatus {
  const owned = table.owned();
  return {
    relayId,
    isRunning,
    lanesOwned: owned.length,
    lanesLagging: owned.filter(({ mode }) => mode === 'lagging').length,
    aggregatesParked: owned.reduce((sum, { parked }) => sum + parked.size, 0),
    acknowledgedTo: table.lowest(),
    publishedTotal: meters.total(),
    publishedPerSecond: meters.ratePerSecond(),
    troubles: [...meters.troubles()].map(([kind, thrown]) => ({
      kind,
      errorCode: isNovaError(thrown) ? thrown.code : undefined,
      reason: thrown === undefined ? 'no answer yet' : messageOf(thrown),
    })),
  };
}
