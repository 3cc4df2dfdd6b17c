import type { Database } from '@nova/postgres';
import type { Logger } from '@nova/telemetry';
import { type Clock, Signal, systemClock } from '@nova/time';
import type { Consumer } from './consumer.ts';
import { ConsumerRunner } from './consumer-runner.ts';
import type { ConsumerContext } from './context.ts';
import { type ConsumerDefinition, groupIdOf } from './definition.ts';
import type { DeliverySource } from './delivery-source.ts';
import type { EventAppender } from './effect.ts';
import { EffectBell } from './effects/effect-bell.ts';
import type { FastMarks } from './fast-marks.ts';
import { KnownEpochs } from './known-epochs.ts';
import type { LogReader } from './log-reader.ts';
import { ConsumerMeters } from './meters.ts';
import { AttemptJournal } from './parking/attempt-journal.ts';
import type { DeadLetters } from './parking/dead-letter.ts';
import { ParkingRoom } from './parking/parking-room.ts';
import { ProgressBoard } from './progress-board.ts';
import { type ConsumerSettings, consumerDefaults } from './settings.ts';
import { Turn } from './turn.ts';

/** What a consumer works with. */
export interface ConsumerPorts {
  readonly definition: ConsumerDefinition;
  readonly database: Database;
  readonly source: DeliverySource;
  readonly log: LogReader;
  /** Needed by definitions with effects. */
  readonly appender?: EventAppender;
  /** Takes copies of what is parked; without it there are none. */
  readonly deadLetters?: DeadLetters;
  readonly fastMarks?: FastMarks | undefined;
  readonly logger: Logger;
  readonly clock?: Clock;
  readonly settings?: Partial<ConsumerSettings>;
  /** What to do when views or event types differ from those of the serving generation. */
  readonly onDefinitionChange?: 'refuse' | 'rebuild';
}

/**
 * Makes a consumer; see the package comment for how it works.
 *
 * @throws TypeError when the definition has effects and there is no appender.
 */
export function createConsumer({
  definition,
  database,
  source,
  log,
  appender,
  deadLetters,
  fastMarks,
  logger,
  clock = systemClock,
  settings = {},
  onDefinitionChange = 'refuse',
}: ConsumerPorts): Consumer {
  if (definition.effects.length > 0 && appender === undefined) {
    throw new TypeError('effects need an appender');
  }
  const group = groupIdOf(definition, 1);
  const context: ConsumerContext = {
    definition,
    database,
    log,
    clock,
    logger: logger.child({ component: 'consumer', consumer: definition.name }),
    settings: { ...consumerDefaults, ...settings },
    meters: new ConsumerMeters(clock, group),
    epochs: new KnownEpochs(),
    board: new ProgressBoard(),
    turn: new Turn(),
    effectBell: new EffectBell(database, definition.name),
    retryWork: new Signal(),
    fastMarks,
    actWork: new Signal(),
    deadLetters,
    room: new ParkingRoom({ ...consumerDefaults, ...settings }),
    journal: new AttemptJournal(database, definition.name, clock),
  };
  const mayRebuild = context.settings.rebuild || onDefinitionChange === 'rebuild';
  return new ConsumerRunner({ context, source, appender, mayRebuild });
}
