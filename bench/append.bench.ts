/**
 * How fast the log takes events: `outbox_append` called by C connections with batches of B events,
 * 500-byte payloads, 4 event types over 5,000 aggregates (performance notes §7). Prints a table.
 *
 *   node bench/append.bench.ts postgres://user@127.0.0.1:54320/postgres [seconds per row]
 *
 * Each shape is `connections x batch`; the database is made for it and dropped.
 */
import { randomInt, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { newEventId } from '@nova/events';
import { type AppendUnit, append, outboxMigrations } from '@nova/outbox';
import { type Database, migrate, openDatabase } from '@nova/postgres';
import { silentLogger } from '@nova/telemetry';

interface Shape {
  readonly name: string;
  readonly connections: number;
  readonly batch: number;
  readonly units: (batch: number) => AppendUnit[];
}

const AGGREGATES = Array.from({ length: 5000 }, () => randomUUID());
const TYPES = ['item_created', 'item_renamed', 'item_moved', 'item_deleted'];
const PAYLOAD = Buffer.from(JSON.stringify({ content: 'x'.repeat(500 - 14) }));

const pick = <T>(from: readonly T[]): T => {
  const found = from[randomInt(from.length)];
  if (found === undefined) throw new TypeError('nothing to pick from');
  return found;
};

const event = (eventId = newEventId(), aggregateId = pick(AGGREGATES)) => ({
  eventId,
  eventIdGiven: false,
  eventType: pick(TYPES),
  schemaVersion: 1,
  aggregateType: 'item',
  aggregateId,
  payload: PAYLOAD,
  source: '/nova/bench',
  annotations: {},
});
const plain = { conditions: [], mode: 'atomic' } as const;
const many = (n: number, make: () => AppendUnit) => Array.from({ length: n }, make);

/** One unit with all events, as an import sends it. */
const oneUnit = (batch: number): AppendUnit[] => [
  { ...plain, events: Array.from({ length: batch }, () => event()) },
];
/** A unit per event, as group commit makes them. */
const unitEach = (batch: number) => many(batch, () => ({ ...plain, events: [event()] }));
/** With request keys, conditions and derived ids, as commands come. */
const commands = (batch: number) =>
  many(batch, () => {
    const aggregateId = pick(AGGREGATES);
    const requestId = randomUUID();
    return {
      key: { principal: 'bench', method: 'bench', requestId, hash: Buffer.alloc(32, 1) },
      reply: Buffer.alloc(64, 2),
      conditions: [
        {
          aggregateType: 'item',
          aggregateId,
          kind: 'none_since',
          eventTypes: ['item_archived'],
          version: 0n,
        },
      ],
      mode: 'atomic',
      events: [event(randomUUID(), aggregateId)],
    } satisfies AppendUnit;
  });
/** Every unit fails its condition: each is judged alone. */
const refused = (batch: number) =>
  many(batch, () => {
    const aggregateId = pick(AGGREGATES);
    return {
      conditions: [{ aggregateType: 'item', aggregateId, kind: 'version', version: 1_000_000n }],
      mode: 'atomic',
      events: [event(newEventId(), aggregateId)],
    } satisfies AppendUnit;
  });
/** All events in one aggregate. */
const hot = (batch: number): AppendUnit[] => [
  { ...plain, events: Array.from({ length: batch }, () => event(newEventId(), AGGREGATES[0])) },
];

const SHAPES: readonly Shape[] = [
  { name: 'single', connections: 1, batch: 1, units: oneUnit },
  { name: 'single', connections: 4, batch: 1, units: oneUnit },
  { name: 'one unit', connections: 1, batch: 32, units: oneUnit },
  { name: 'one unit', connections: 2, batch: 32, units: oneUnit },
  { name: 'one unit', connections: 1, batch: 200, units: oneUnit },
  { name: 'one unit', connections: 2, batch: 200, units: oneUnit },
  { name: 'one unit', connections: 1, batch: 500, units: oneUnit },
  { name: 'hot aggregate', connections: 1, batch: 500, units: hot },
  { name: 'unit per event', connections: 1, batch: 100, units: unitEach },
  { name: 'commands', connections: 1, batch: 100, units: commands },
  { name: 'refused', connections: 1, batch: 100, units: refused },
];

async function measure(database: Database, shape: Shape, seconds: number): Promise<string> {
  const took: number[] = [];
  const pids = await backends(database);
  const [cpu, serverCpu] = [process.cpuUsage(), cpuOf(pids)];
  const started = performance.now();
  const until = started + seconds * 1000;
  const client = async () => {
    while (performance.now() < until) {
      const units = shape.units(shape.batch);
      const before = performance.now();
      await append(database, units);
      took.push(performance.now() - before);
    }
  };
  await Promise.all(Array.from({ length: shape.connections }, client));
  const elapsed = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const events = took.length * shape.batch;
  took.sort((one, other) => one - other);
  const at = (share: number) => (took[Math.floor(took.length * share)] ?? 0).toFixed(1);
  return [
    shape.name.padEnd(16),
    `${shape.connections} x ${shape.batch}`.padEnd(9),
    `${Math.round(events / elapsed)} events/s`.padStart(16),
    `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`.padStart(28),
    `CPU us per event: Node ${((user + system) / events).toFixed(1)},`.padStart(30),
    `PostgreSQL ${((cpuOf(pids) - serverCpu) / events).toFixed(1)}`,
  ].join(' ');
}

/** Backends of this database; opens all connections of the pool first. */
async function backends(database: Database): Promise<number[]> {
  await Promise.all(Array.from({ length: 4 }, () => database.query('SELECT pg_sleep(0.02)')));
  const rows = await database.query<{ pid: number }>(
    `SELECT pid FROM pg_stat_activity
     WHERE datname = current_database() AND backend_type = 'client backend'`,
  );
  return rows.map(({ pid }) => pid);
}

/** CPU time of local processes in microseconds, to 10 ms. */
function cpuOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return sum + (Number(fields[11]) + Number(fields[12])) * 10_000;
  }, 0);
}

async function main(url: string, seconds: number): Promise<void> {
  const options = {
    applicationName: 'append.bench',
    poolSize: 4,
    statementTimeoutMs: 10_000,
    logger: silentLogger,
  };
  const server = openDatabase({ ...options, url });
  const name = `append_bench_${process.pid}`;
  await server.query(`CREATE DATABASE ${name}`);
  const target = new URL(url);
  target.pathname = `/${name}`;
  const database = openDatabase({ ...options, url: target.href });
  try {
    await migrate(database, outboxMigrations, { owner: 'outbox', logger: silentLogger });
    await append(database, hot(1));
    for (const shape of SHAPES)
      process.stdout.write(`${await measure(database, shape, seconds)}\n`);
    process.stdout.write(`${await check(database)}\n`);
  } finally {
    await database.close();
    await server.query(`DROP DATABASE ${name} WITH (FORCE)`);
    await server.close();
  }
}

/** What the log looks like afterwards: nothing lost, nothing out of place. */
async function check(database: Database): Promise<string> {
  const [row] = await database.query<{
    events: bigint;
    gaps: bigint;
    holes: bigint;
    bytes: bigint;
  }>(
    `SELECT count(*) AS events, max(position) - count(*) AS gaps,
            (SELECT count(*) FROM outbox_aggregates AS a WHERE a.version <>
              (SELECT count(*) FROM outbox_events AS e WHERE e.aggregate_type = a.aggregate_type
                 AND e.aggregate_id = a.aggregate_id)) AS holes,
            (SELECT sum(pg_total_relation_size(relid))::bigint
             FROM pg_partition_tree('outbox_events')) / count(*) AS bytes
     FROM outbox_events`,
  );
  return `${row?.events} events, ${row?.gaps} gaps, ${row?.holes} aggregates with holes, ${row?.bytes} bytes per event with indexes`;
}

const [url, seconds] = process.argv.slice(2);
if (url === undefined) {
  process.stderr.write('usage: node bench/append.bench.ts postgres://… [seconds per row]\n');
  process.exitCode = 2;
} else {
  await main(url, Number(seconds ?? 3));
}
