import type { Values } from '@nova/config';
import type { Part, Probe } from '@nova/lifecycle';
import { createForwarder, forwarderSettings, installLocalOutbox } from '@nova/outbox/local';
import { type Database, databaseSettings, migrate } from '@nova/postgres';
import { EventForwarding } from '@nova/proto/gen/events/event_forwarding_pb';
import { createClient } from '@nova/rpc';
import type { ConsumingProcess } from '../consuming/consuming-part.ts';
import { clientOptionsOf, type LogClientOptions } from '../consuming/log-client.ts';
import { openingPart } from '../consuming/opening-part.ts';
import { logSettings } from '../consuming/settings.ts';
import { databasePart } from '../database-part.ts';
import { meshLogOver } from './mesh-log.ts';

/**
 * The settings of a service with an outbox of its own: its database (`NOVA_<AREA>_DATABASE_…`), the
 * log, and how its forwarder paces itself.
 */
export function ownOutboxSettings(area: string) {
  return { ...databaseSettings(area), ...logSettings, ...forwarderSettings };
}

/** The values of {@link ownOutboxSettings}. */
export type OwnOutboxConfig = Values<ReturnType<typeof ownOutboxSettings>>;

/** The outbox of a service, as its definition asks for it. */
export interface OutboxUse {
  /** The service's settings, among them those of `ownOutboxSettings`. */
  readonly config: OwnOutboxConfig;
  /** The service's own tables: their migrations, in this folder. */
  readonly migrations?: URL;
}

/** What the kit made of it, for the service. */
export interface OwnOutbox {
  /** Append to it with `append` of `@nova/outbox/local`, in a transaction with own rows. */
  readonly database: Database;
  /** Says, after a commit, that there is something to forward. Without it, it goes a little later. */
  wake(): void;
}

/**
 * An outbox with all it needs, as parts in the order of their start: database, client of the log,
 * migrations, forwarder. Without events-service the service works on, degraded, and what it appends
 * waits in its own database.
 */
export function ownOutboxParts(
  process: Pick<ConsumingProcess, 'name' | 'mode' | 'logger' | 'clock' | 'crash' | 'credentials'>,
  { config, migrations }: OutboxUse,
): OwnOutbox & {
  readonly parts: readonly Part[];
  readonly probes: readonly Probe[];
  readonly insights: Readonly<Record<string, () => Promise<unknown>>>;
} {
  const { name, mode, logger, clock, crash, credentials } = process;
  const { database, part, probe } = databasePart(config, { name, logger });
  const options: LogClientOptions = { service: name, mode, address: config.eventsUrl, credentials };
  const client = createClient(EventForwarding, clientOptionsOf(options));
  const log = meshLogOver(client);
  const forwarder = createForwarder({ database, log, clock, logger, settings: config });
  const prepare = async () => {
    await installLocalOutbox(database, logger);
    if (migrations !== undefined) await migrate(database, migrations, { owner: name, logger });
  };
  return {
    database,
    wake: () => forwarder.wake(),
    parts: [
      part,
      { name: 'log client', start: () => Promise.resolve(), stop: async () => client.close() },
      openingPart(forwarder, { prepare, crash, logger }),
    ],
    probes: [probe, { name: 'outbox', check: () => forwarder.check(), whenFailing: 'degraded' }],
    insights: { outbox: () => forwarder.status() },
  };
}
