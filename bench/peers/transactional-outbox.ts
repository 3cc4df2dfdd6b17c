/**
 * pg-transactional-outbox of npm, in its replication mode and with its defaults: it hears of each row
 * from the write-ahead log, and has a transaction to count the attempt and one to mark it handled.
 */
import type { Producer } from 'kafkajs';
import {
  DatabaseSetup,
  getDisabledLogger,
  initializeReplicationMessageListener,
} from 'pg-transactional-outbox';

const SCHEMA = 'public';
const TABLE = 'transactional_outbox';

const names = (database: string) => ({
  ...({ outboxOrInbox: 'outbox', database, schema: SCHEMA, table: TABLE } as const),
  ...{ publication: `${database}_publication`, replicationSlot: `${database}_slot` },
  listenerRole: 'postgres',
});

/** What its documentation has one do with a database, then the backlog of the peers into its table. */
export function transactionalOutboxSetup(database: string): readonly string[] {
  const given = names(database);
  return [
    DatabaseSetup.dropAndCreateTable(given),
    DatabaseSetup.setupReplicationCore(given),
    `SELECT pg_create_logical_replication_slot('${given.replicationSlot}', 'pgoutput')`,
    `INSERT INTO ${TABLE} (id, aggregate_type, aggregate_id, message_type, payload, metadata)
     SELECT event_id, 'bench', aggregate_id, topic, convert_from(payload, 'UTF8')::jsonb, headers
     FROM peer_outbox ORDER BY peer_outbox.id`,
  ];
}

/** Handles what comes until the signal aborts; tells how many Kafka has acknowledged. */
export async function transactionalOutbox(
  databaseUrl: string,
  producer: Producer,
  sent: (records: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const { schema, table, publication, replicationSlot } = names(
    new URL(databaseUrl).pathname.slice(1),
  );
  const settings = {
    ...{ dbSchema: schema, dbTable: table },
    ...{ dbPublication: publication, dbReplicationSlot: replicationSlot },
    ...{ enableMaxAttemptsProtection: true, enablePoisonousMessageProtection: true },
  };
  const [shutdown] = initializeReplicationMessageListener(
    { outboxOrInbox: 'outbox', dbListenerConfig: { connectionString: databaseUrl }, settings },
    {
      async handle({ messageType: topic, aggregateId: key, payload, metadata }) {
        const headers = Object.fromEntries(
          Object.entries(metadata ?? {}).map(([name, value]) => [name, String(value)]),
        );
        const value = JSON.stringify(payload);
        await producer.send({ topic, acks: -1, messages: [{ key, value, headers }] });
        sent(1);
      },
    },
    getDisabledLogger(),
  );
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await shutdown();
}
