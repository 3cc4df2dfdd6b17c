/** Debezium reads the outbox of a team by the configuration of docs/use-in-your-service.md alone. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { messageOf } from '@nova/errors';
import { newEventId } from '@nova/events';
import { append, localOutboxMigrations } from '@nova/outbox/local';
import { type Database, openDatabase } from '@nova/postgres';
import { type KafkaConnect, kafkaConnect } from '@nova/servers';
import { silentLogger } from '@nova/telemetry';
import {
  freePorts,
  type PrivatePostgres,
  privatePostgres,
  randomName,
  type TestDatabase,
  testDatabase,
  testKafka,
  waitFor,
} from '@nova/testkit';

const DOCUMENT = new URL('../../../docs/use-in-your-service.md', import.meta.url);
const MINUTE = 60_000;
const ORDERS = 40;
const ROUNDS = 25;

const run = promisify(execFile);
/** Types of this run: the broker is that of all specs. */
const types = ['placed', 'shipped'].map((what) => `${randomName('order')}_${what}`);
const aggregates = Array.from({ length: ORDERS }, () => newEventId());

let brokers: readonly string[];
let postgres: PrivatePostgres;
let team: TestDatabase;
/** In the database of the team, as superuser. */
let admin: Database;
let connect: KafkaConnect;

/** What the document says, and where things are here. */
function connectorProperties(): string {
  const [, written = ''] =
    /```properties\n([\s\S]*?)```/.exec(readFileSync(DOCUMENT, 'utf8')) ?? [];
  const { hostname, port, username, password } = new URL(postgres.adminUrl);
  const here = {
    name: 'outbox',
    'topic.prefix': 'team',
    'database.hostname': hostname,
    'database.port': port,
    'database.user': decodeURIComponent(username),
    'database.password': decodeURIComponent(password),
    'database.dbname': new URL(team.url).pathname.slice(1),
  };
  return `${written}\n${Object.entries(here)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')}`;
}

interface Seen {
  readonly key: string;
  readonly version: number;
  readonly eventId: string;
  readonly aggregateType: string;
  readonly payload: unknown;
}

/** What is in the topic of a type, in the order of its partitions. */
async function recordsOf(type: string): Promise<readonly Seen[]> {
  const format = '%k\t%h\t%s\n';
  const args = ['-C', '-q', '-e', '-b', brokers.join(), '-t', `debezium_${type}`, '-f', format];
  const { stdout } = await run('kcat', args, { maxBuffer: 64 * 1024 * 1024 });
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [key = '', headers = '', payload = ''] = line.split('\t');
      const header = (name: string) =>
        new RegExp(`(?:^|,)${name}=([^,]*)`).exec(headers)?.[1] ?? '';
      return {
        key,
        version: Number(header('ce_sourceversion')),
        eventId: header('id'),
        aggregateType: header('ce_aggregatetype'),
        payload: JSON.parse(payload) as unknown,
      };
    });
}

const expected: (Omit<Seen, 'version'> & { readonly type: string })[] = [];

/** An event of every aggregate, in one transaction for each two of them. */
async function appendRound(round: number): Promise<void> {
  const type = types[round % 2] ?? '';
  for (let at = 0; at < aggregates.length; at += 2) {
    const events = aggregates.slice(at, at + 2).map((aggregateId) => ({
      ...{ eventId: newEventId(), eventType: type, aggregateType: 'order', aggregateId },
      payload: { round, text: 'größer,\\t"als"' },
    }));
    await team.database.transaction((tx) => append(tx, events));
    for (const { eventId, aggregateId: key, payload } of events) {
      expected.push({ key, eventId, aggregateType: 'order', payload, type });
    }
  }
}

/** Waits, and tells what Connect has said where it waits in vain. */
async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  try {
    await waitFor(condition, { withinMs: 2 * MINUTE, everyMs: 500, what });
  } catch (cause) {
    throw new Error(`${what}: ${messageOf(cause)}\n${connect.log()}`, { cause });
  }
}

/** Before that, what is committed counts as having been there before the connector. */
async function isStreaming(): Promise<boolean> {
  const rows = await admin.query("SELECT pid FROM pg_stat_replication WHERE state = 'streaming'");
  return rows.length > 0;
}

type Record = Seen & { readonly type: string };

async function records(): Promise<readonly Record[]> {
  const seen = await Promise.all(
    types.map(async (type) => (await recordsOf(type)).map((one) => ({ ...one, type }))),
  );
  return seen.flat();
}

async function areAllThere(): Promise<boolean> {
  const ids = new Set((await records()).map(({ eventId }) => eventId));
  return expected.every(({ eventId }) => ids.has(eventId));
}

function adminOf(name: string): Database {
  const url = new URL(postgres.adminUrl);
  url.pathname = name;
  const more = { applicationName: 'spec', poolSize: 1, statementTimeoutMs: MINUTE };
  return openDatabase({ url: url.href, ...more, logger: silentLogger });
}

beforeAll(async () => {
  ({ brokers } = await testKafka());
  postgres = await privatePostgres();
  const server = adminOf('postgres');
  await server.query("ALTER SYSTEM SET wal_level = 'logical'");
  await server.close();
  await postgres.restart();
  const migrations = [{ owner: 'local-outbox', dir: localOutboxMigrations }];
  team = await testDatabase({ migrations, on: postgres });
  const [, publication = ''] = /^# (CREATE PUBLICATION .*)$/m.exec(connectorProperties()) ?? [];
  admin = adminOf(new URL(team.url).pathname.slice(1));
  await admin.query(publication);
  const [port = 0] = await freePorts(1);
  connect = await kafkaConnect({ brokers, port, connector: connectorProperties() });
}, 10 * MINUTE);

afterAll(async () => {
  await connect.remove();
  await admin.close();
  await postgres.remove();
}, MINUTE);

/** The first record of each event: after a crash some come again. */
function firstOfEach(seen: readonly Record[]): readonly Record[] {
  const first = new Map(seen.toReversed().map((one) => [one.eventId, one]));
  return seen.filter((one) => first.get(one.eventId) === one);
}

/** Which pairs of type and aggregate do not have their versions in order. */
function outOfOrder(once: readonly Record[]): readonly string[] {
  const groups = [...Map.groupBy(once, ({ type, key }) => `${type} ${key}`)];
  return groups.flatMap(([name, group]) => {
    const isRising = group.every(({ version }, at) => version > (group[at - 1]?.version ?? 0));
    return isRising ? [] : [name];
  });
}

const inSomeOrder = <T extends { readonly eventId: string }>(events: readonly T[]): readonly T[] =>
  events.toSorted((one, other) => (one.eventId < other.eventId ? -1 : 1));

describe("Debezium's outbox event router", () => {
  it('finds all it needs in the outbox, over partitions and over a kill -9 of its own', async () => {
    // Partitions so small that the events lie in several.
    await team.database.query('UPDATE local_outbox SET partition_rows = 256');
    await team.database.query(
      "SELECT setval('local_outbox_event_id', partition_end - 1) FROM local_outbox",
    );
    await connect.start();
    await until('a connector that reads', isStreaming);
    for (let round = 0; round < ROUNDS; round += 1) {
      await team.database.query('SELECT local_outbox_extend()');
      if (round === 10) await connect.kill();
      await appendRound(round);
      if (round === 15) await connect.start();
    }
    await until('every event', areAllThere);
    const parts = await team.database.query<{ name: string }>(
      'SELECT DISTINCT tableoid::regclass::text AS name FROM local_outbox_events',
    );
    expect(parts.length).toBeGreaterThan(2);
    const seen = await records();
    const once = firstOfEach(seen);
    expect(inSomeOrder(once.map(({ version: _, ...rest }) => rest))).toEqual(inSomeOrder(expected));
    // Per topic, as everywhere in Kafka; by the versions that travel along.
    expect(outOfOrder(once)).toEqual([]);
    process.stdout.write(
      `${JSON.stringify({ events: once.length, repeated: seen.length - once.length })}\n`,
    );
  }, 600_000);
});
