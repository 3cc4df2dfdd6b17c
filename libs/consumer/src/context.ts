import type { Database } from '@nova/postgres';
import type { Logger } from '@nova/telemetry';
import type { Clock, Signal } from '@nova/time';
import type { RoundContext } from './commit-round.ts';
import type { ConsumerDefinition } from './definition.ts';
import type { OpenSource } from './delivery-source.ts';
import type { EffectBell } from './effects/effect-bell.ts';
import type { FastMarks } from './fast-marks.ts';
import type { Generation } from './generation.ts';
import type { HoldingPen } from './holding-pen.ts';
import type { Intake } from './intake.ts';
import type { KnownEpochs } from './known-epochs.ts';
import type { LogReader } from './log-reader.ts';
import type { ConsumerMeters } from './meters.ts';
import type { AttemptJournal } from './parking/attempt-journal.ts';
import type { DeadLetters } from './parking/dead-letter.ts';
import type { ParkingRoom } from './parking/parking-room.ts';
import type { ProgressBoard } from './progress-board.ts';
import type { ConsumerSettings } from './settings.ts';
import type { Turn } from './turn.ts';

/** What the parts of a consumer share while its process lives. */
export interface ConsumerContext {
  readonly definition: ConsumerDefinition;
  readonly database: Database;
  readonly log: LogReader;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly settings: ConsumerSettings;
  readonly meters: ConsumerMeters;
  readonly epochs: KnownEpochs;
  readonly board: ProgressBoard;
  /** Everything that applies events takes its turn. */
  readonly turn: Turn;
  /** Rung when effects were written. */
  readonly effectBell: EffectBell;
  /** Only a shortcut for what comes again; mostly there is none. */
  readonly fastMarks: FastMarks | undefined;
  /** An event has failed. */
  readonly retryWork: Signal;
  /** An operator wants something done about what is parked. */
  readonly actWork: Signal;
  /** Takes copies of what is parked, where there is somebody to take them. */
  readonly deadLetters: DeadLetters | undefined;
  readonly room: ParkingRoom;
  /** Finds events that kill the process. */
  readonly journal: AttemptJournal;
}

/** What they share while one membership of the group lasts. */
export interface SessionContext extends ConsumerContext {
  readonly generation: Generation;
  readonly round: RoundContext;
  readonly intake: Intake;
  readonly pen: HoldingPen;
  /** Something has arrived or may go on. */
  readonly work: Signal;
  readonly source: () => OpenSource | undefined;
  /** Partitions whose start is not yet settled: rounds wait for it. */
  readonly isStarting: () => boolean;
  /** Ends the session; the next one begins at once. */
  readonly restart: (reason: string) => void;
}
