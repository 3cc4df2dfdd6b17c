/**
 * Debezium's outbox event router in Kafka Connect, tuned: bytes as they are, large batches, short
 * pauses. Compression is off, as it is in nova; all in sync and idempotent, as there.
 */
import type { KafkaConnectOptions } from '@nova/servers';

/** Memory as it was measured by hand; its default collector. */
export const DEBEZIUM_JVM: NonNullable<KafkaConnectOptions['jvm']> = ['-Xmx512m'];

const TABLE = 'debezium_outbox';
const BATCH = 500;
const slotOf = (database: string) => `${database}_slot`;
const publicationOf = (database: string) => `${database}_publication`;

/** What is done in a database before the connector starts: from now on it misses nothing. */
export function debeziumSetup(database: string): readonly string[] {
  return [
    `CREATE TABLE ${TABLE} (
       event_id     uuid PRIMARY KEY,
       topic        text NOT NULL,
       aggregate_id text NOT NULL,
       payload      bytea NOT NULL,
       headers      text NOT NULL
     )`,
    `CREATE PUBLICATION ${publicationOf(database)} FOR TABLE ${TABLE}`,
    `SELECT pg_create_logical_replication_slot('${slotOf(database)}', 'pgoutput')`,
  ];
}

/** As `debeziumSetup`, then the backlog of the peers into its table, 500 rows a transaction. */
export function debeziumBacklog(database: string): readonly string[] {
  return [
    ...debeziumSetup(database),
    `DO $$ BEGIN
       FOR at IN 0 .. (SELECT max(id) / ${BATCH} FROM peer_outbox) LOOP
         INSERT INTO ${TABLE} (event_id, topic, aggregate_id, payload, headers)
         SELECT event_id, topic, aggregate_id, payload, headers::text FROM peer_outbox
         WHERE id > at * ${BATCH} AND id <= (at + 1) * ${BATCH} ORDER BY id;
         COMMIT;
       END LOOP;
     END $$`,
  ];
}

/** An event of a team: a row, a commit. */
export const DEBEZIUM_INSERT = `
  INSERT INTO ${TABLE} (event_id, topic, aggregate_id, payload, headers)
  VALUES ($1, $2, $3, $4, $5)`;

/** The connector over a database, given its URL as who may do everything. */
export function debeziumConnector(databaseUrl: string): string {
  const { hostname, port, username, password, pathname } = new URL(databaseUrl);
  const database = pathname.slice(1);
  const properties = {
    name: database,
    'connector.class': 'io.debezium.connector.postgresql.PostgresConnector',
    'topic.prefix': database,
    'database.hostname': hostname,
    'database.port': port,
    'database.user': decodeURIComponent(username),
    'database.password': decodeURIComponent(password),
    'database.dbname': database,
    'plugin.name': 'pgoutput',
    'publication.name': publicationOf(database),
    'publication.autocreate.mode': 'disabled',
    'slot.name': slotOf(database),
    'table.include.list': `public.${TABLE}`,
    'snapshot.mode': 'no_data',
    'max.batch.size': '8192',
    'max.queue.size': '32768',
    'poll.interval.ms': '10',
    'producer.override.linger.ms': '5',
    'producer.override.batch.size': '262144',
    'producer.override.acks': 'all',
    'producer.override.enable.idempotence': 'true',
    'key.converter': 'org.apache.kafka.connect.storage.StringConverter',
    'value.converter': 'io.debezium.converters.BinaryDataConverter',
    transforms: 'outbox',
    'transforms.outbox.type': 'io.debezium.transforms.outbox.EventRouter',
    'transforms.outbox.table.field.event.id': 'event_id',
    'transforms.outbox.table.field.event.key': 'aggregate_id',
    'transforms.outbox.table.field.event.payload': 'payload',
    'transforms.outbox.route.by.field': 'topic',
    'transforms.outbox.route.topic.replacement': `\${routedByValue}`,
    'transforms.outbox.table.fields.additional.placement': 'headers:header',
  };
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}
