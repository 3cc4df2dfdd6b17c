import type { Database } from '@nova/postgres';
import type { Logger } from '@nova/telemetry';
import type { Clock } from '@nova/time';
import type { Consumer } from './consumer.ts';
import type { ConsumerDefinition } from './definition.ts';
import type { DeliverySource } from './delivery-source.ts';
import type { EventAppender } from './effect.ts';
import type { LogReader } from './log-reader.ts';
import type { ConsumerSettings } from './settings.ts';

/** What a consumer works with. */
export interface ConsumerPorts {
  readonly definition: ConsumerDefinition;
  readonly database: Database;
  readonly source: DeliverySource;
  readonly log: LogReader;
  /** Needed by definitions with effects. */
  readonly appender?: EventAppender;
  readonly logger: Logger;
  readonly clock?: Clock;
  readonly settings?: Partial<ConsumerSettings>;
  /** What to do when views or event types differ from those of the serving generation. */
  readonly onDefinitionChange?: 'refuse' | 'rebuild';
}

export function createConsumer(_ports: ConsumerPorts): Consumer {
  throw new TypeError('not yet');
}
