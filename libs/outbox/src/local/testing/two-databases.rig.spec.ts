import { formatPosition, parseTime } from '@nova/events';
import { silentLogger } from '@nova/telemetry';
import { type TestDatabase, testDatabase } from '@nova/testkit';
import { systemClock } from '@nova/time';
import { outboxMigrations } from '../../index.ts';
import { appendFromSource, type SourceOutcome } from '../../source/append-from-source.ts';
import { append } from '../append.ts';
import { createForwarder, type Forwarder } from '../forwarder.ts';
import { localOutboxMigrations } from '../install.ts';
import type { OutboxEvent } from '../local-event.ts';
import type { ForwardOutcome, MeshLog } from '../mesh-log.ts';
import type { ForwarderSettings } from '../settings.ts';

const SOURCE = '/nova/team';
/** Aggregates differ in their types: `a`, `b`. */
export const ONE = '11111111-2222-4333-8444-555555555555';
const QUICK: ForwarderSettings = {
  forwardPollMs: 10,
  forwardLeaseMs: 500,
  forwardRetryMs: 50,
  keepForwardedMs: 0,
};

/** What a spec does to a call of the log: before it, and after it was carried out. */
export interface Faults {
  before?(events: readonly OutboxEvent[]): Promise<void> | void;
  after?(events: readonly OutboxEvent[]): Promise<void> | void;
  /** What nova refuses besides. */
  refuses?(event: OutboxEvent): boolean;
  /** Nova has lost what it had, once. */
  loses?: boolean;
}

/** The database of a team and that of nova, with a forwarder between them. */
export class TwoDatabases {
  readonly team: TestDatabase;
  readonly nova: TestDatabase;
  readonly faults: Faults = {};
  readonly #forwarders: Forwarder[] = [];

  private constructor(team: TestDatabase, nova: TestDatabase) {
    this.team = team;
    this.nova = nova;
  }

  /** @param on server of the team's database; by default that of all specs */
  static async make(on?: { readonly url: string }): Promise<TwoDatabases> {
    const migrations = [{ owner: 'local-outbox', dir: localOutboxMigrations }];
    const [team, nova] = await Promise.all([
      testDatabase(on === undefined ? { migrations } : { migrations, on }),
      testDatabase({ migrations: [{ owner: 'outbox', dir: outboxMigrations }] }),
    ]);
    return new TwoDatabases(team, nova);
  }

  /** Another instance of the team's service, not started. */
  forwarder(settings: Partial<ForwarderSettings> = {}): Forwarder {
    const forwarder = createForwarder({
      database: this.team.database,
      log: this.#log(),
      clock: systemClock,
      logger: silentLogger,
      settings: { ...QUICK, ...settings },
    });
    this.#forwarders.push(forwarder);
    return forwarder;
  }

  /** One transaction of the team with an event for each of these aggregates. */
  async commit(aggregates: readonly string[]): Promise<void> {
    await this.team.database.transaction((tx) =>
      append(
        tx,
        aggregates.map((aggregateType) => ({
          ...{ eventType: 'team_acted', aggregateType, aggregateId: ONE, payload: { n: 1 } },
        })),
      ),
    );
  }

  /** "aggregate/source_version@version" of what nova has, in the order of its log. */
  async logged(): Promise<readonly string[]> {
    const rows = await this.nova.database.query<{ name: string }>(
      `SELECT format('%s/%s@%s', aggregate_type, (headers ->> 'ce_novametadata')::json ->> 'source_version',
                     aggregate_version) AS name
       FROM outbox_events WHERE source = $1 ORDER BY position`,
      [SOURCE],
    );
    return rows.map(({ name }) => name);
  }

  /** Every event of the team, as `logged` should say it of each aggregate. */
  async committed(): Promise<readonly string[]> {
    const rows = await this.team.database.query<{ name: string }>(
      `SELECT format('%s/%s@%s', aggregate_type, v, v) AS name
       FROM local_outbox_aggregates, generate_series(1, version) AS v
       ORDER BY aggregate_type, v`,
    );
    return rows.map(({ name }) => name);
  }

  async stop(): Promise<void> {
    for (const forwarder of this.#forwarders.splice(0)) await forwarder.stop();
  }

  async remove(): Promise<void> {
    await this.stop();
    await Promise.all([this.team.drop(), this.nova.drop()]);
  }

  #log(): MeshLog {
    return {
      forward: async (events) => {
        if (this.faults.loses === true) {
          this.faults.loses = false;
          return { answer: 'lost' };
        }
        await this.faults.before?.(events);
        const wanted = events.filter((event) => !this.faults.refuses?.(event));
        const outcomes = await appendFromSource(
          this.nova.database,
          SOURCE,
          wanted.map(sourceEvent),
        );
        await this.faults.after?.(events);
        const byEvent = new Map(wanted.map((event, index) => [event, outcomes[index]]));
        return { answer: 'outcomes', outcomes: events.map((one) => outcomeOf(byEvent.get(one))) };
      },
    };
  }
}

function sourceEvent(event: OutboxEvent) {
  const { eventId, eventType, aggregateType, aggregateId, payload, occurredAt } = event;
  if (parseTime(occurredAt) === undefined) throw new TypeError(`${occurredAt} is no time`);
  return {
    sourceVersion: event.sourceVersion,
    event: {
      ...{ eventId, eventType, aggregateType, aggregateId, payload, occurredAt },
      ...{ eventIdGiven: true, schemaVersion: 1, source: SOURCE },
      annotations: { metadata: event.metadata },
    },
  };
}

function outcomeOf(outcome: SourceOutcome | undefined): ForwardOutcome {
  if (outcome === undefined) return { outcome: 'refused', reason: 'EVENT_INVALID', message: 'no' };
  if (outcome.outcome === 'stored') {
    return { outcome: 'stored', position: formatPosition(outcome.stored.position) };
  }
  return { ...outcome, message: outcome.reason };
}
