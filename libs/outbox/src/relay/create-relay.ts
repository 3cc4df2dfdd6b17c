import type { Database } from '@nova/postgres';
import type { Logger } from '@nova/telemetry';
import { type Clock, systemClock } from '@nova/time';
import { outboxStatus } from '../log-state.ts';
import { WAKE_CHANNEL } from '../wake-channel.ts';
import { laneStore } from './lane-store.ts';
import { logSource } from './log-source.ts';
import type { EventPublisher } from './publisher.ts';
import { PortedRelay, type Relay } from './relay.ts';
import { republishStore } from './republish-store.ts';
import { type RelaySettings, relayDefaults } from './settings.ts';

/**
 * The relay: moves what is appended from the log to Kafka, in a process of its own.
 *
 *   log --head, COPY--> window --by topic and partition--> sends, side by side
 *    ^                                                        |
 *    |   LISTEN, else a poll                                  | acknowledged
 *    |                                                        v
 *   outbox_lanes <---- one statement per 100 ms ------- cursors of the lanes
 *
 * A lane is one of 64 hash buckets of aggregates, the unit of order and of ownership. A relay owns
 * lanes by leases of 5 s with a term (lane-lease.ts). The lanes that are caught up read the log
 * together (front.ts); those whose sends fail or hang are left behind and catch up apart (gap.ts). A
 * lane's cursor moves when all of its sends of a window are acknowledged, and is written with owner,
 * term and a lease that has not ended (advance.ts): so it is never above what Kafka has.
 *
 *   what fails                   what happens
 *   one partition                its lanes lag and are tried again; the others flow on
 *   Kafka                        events wait in the log; sent in order when it is back
 *   one event, for what it is    its aggregate waits in the log (parked-retry.ts); all else flows
 *   PostgreSQL                   no reads; sends end with the lease; goes on when it is back
 *   this process                 others take its lanes when the lease ends, from the last cursor
 *   this process, stopped and    the cursors it writes find another term or an ended lease and
 *   woken after its lease        move nothing; what it still sends are repetitions, in order
 *
 * What is sent and not yet written as a cursor is sent again after a crash: a topic holds every
 * event at least once, the first occurrences of a key in the order of their versions, because a lane
 * always sends from its cursor on, has one window at a time in work, and the log never changes.
 *
 * @param relayId names this process among all relays, living and dead: use a random part.
 */
export function createRelay({
  database,
  publisher,
  relayId,
  logger,
  clock = systemClock,
  settings = {},
}: {
  readonly database: Database;
  readonly publisher: EventPublisher;
  readonly relayId: string;
  readonly logger: Logger;
  readonly clock?: Clock;
  readonly settings?: Partial<RelaySettings>;
}): Relay {
  const complete = { ...relayDefaults, ...settings };
  return new PortedRelay({
    source: logSource(database),
    store: laneStore(database, relayId, complete.leaseMs),
    republishes: republishStore(database, relayId),
    publisher,
    listen: (wake) => database.listen(WAKE_CHANNEL, wake),
    backlog: () => outboxStatus(database),
    relayId,
    clock,
    logger,
    settings: complete,
  });
}
