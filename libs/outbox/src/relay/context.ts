import type { Logger } from '@nova/telemetry';
import type { Clock, Signal } from '@nova/time';
import type { KnownLog } from './known-log.ts';
import type { LaneStore } from './lane-store.ts';
import type { LaneTable } from './lane-table.ts';
import type { LogSource } from './log-source.ts';
import type { RelayMeters } from './meters.ts';
import type { EventPublisher } from './publisher.ts';
import type { RelaySettings } from './settings.ts';

/** What the loops of a relay share. */
export interface RelayContext {
  readonly table: LaneTable;
  readonly source: LogSource;
  readonly log: KnownLog;
  readonly store: LaneStore;
  readonly publisher: EventPublisher;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly settings: RelaySettings;
  readonly meters: RelayMeters;
  /** Something was appended, or lanes came to the front. */
  readonly frontWork: Signal;
  /** Lanes were left behind, or have rested. */
  readonly gapWork: Signal;
  /** Cursors have moved. */
  readonly moved: Signal;
  /** Windows whose sends are not all settled. */
  readonly open: Set<Promise<void>>;
}

/** What sends are made with. */
export type SendContext = Pick<
  RelayContext,
  'publisher' | 'store' | 'table' | 'settings' | 'logger' | 'meters'
>;
