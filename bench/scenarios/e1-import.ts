import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type BenchDatabase, makeDatabase, openPool } from '../harness/databases.ts';
import { type ImportReport, importLogs } from '../harness/import-command.ts';
import { interleave } from '../harness/rounds.ts';
import type { Metric, Outcome, Scenario } from '../harness/scenario.ts';
import { type BenchServers, startServers } from '../harness/servers.ts';
import {
  type RunningService,
  startConsumingService,
  startEventsService,
  startRelayService,
} from '../harness/service.ts';
import { type Stage, type Watched, watched } from '../harness/stage.ts';
import { DEFAULT_EVENTS } from '../names.ts';
import { countLogs } from '../workload/irc-logs.ts';
import { wrongInImport } from '../workload/judge-import.ts';

/** Not part of the repository. */
const FOLDER = join(import.meta.dirname, '..', '..', '..', 'shared', 'data', 'ubuntu-irc');
/** What the time is told for: about what all logs have. */
const LINES = 220_000;
const PROCESSES = ['events', 'relay', 'messaging', 'notification', 'search'] as const;
const AREAS = ['messaging', 'notification', 'search'] as const;
const SUBJECT = 'events-service, relay, three services with views';
const metrics: readonly Metric[] = [
  { key: 'per220k', title: 'all views, of 220,000 lines', unit: 's', better: 'lower' },
  { key: 'stored', title: 'until stored', unit: 's', better: 'lower' },
  { key: 'kafka', title: 'until in Kafka', unit: 's', better: 'lower' },
  ...AREAS.map(
    (area) => ({ key: area, title: `until in ${area}`, unit: 's', better: 'lower' }) as const,
  ),
  { key: 'again', title: 'the same command again', unit: 's', better: 'lower' },
  { key: 'bare', title: 'COPY into three bare tables', unit: 's', better: 'lower' },
  { key: 'rate', title: 'rate into all views', unit: 'events/s', better: 'higher' },
  ...[...PROCESSES, 'postgres', 'broker'].map(
    (name) =>
      ({ key: `${name}Cpu`, title: name, unit: 'CPU-s per million', better: 'lower' }) as const,
  ),
];

/** E1: real chat logs, end to end. */
export const e1: Scenario = {
  name: 'e1',
  question: 'How long does it take until real chat logs are published and in every view?',
  notes: [
    'Chat logs of ../shared/data/ubuntu-irc, all 153 at the default size and their part of less, evenly chosen; nothing is measured where they are not. Published by `./nova import irc` through events-service; three services keep views of them. PostgreSQL, Kafka, databases and topics are of each turn.',
    'Judged from the files by code of its own: messages, mentions and members of every conversation, and every message once and in order in Kafka. A second import must store nothing.',
    'The start of the command does not count, but what processes compile does: it weighs more with few logs, so that only runs of the same size can be compared.',
    'COPY into bare tables: the same payloads, PostgreSQL alone, without anything that is asked of a log or a view.',
  ],
  metrics,
  targets: [
    {
      what: 'seconds of 220,000 lines until in all views',
      metric: 'per220k',
      of: SUBJECT,
      floor: 120,
      aim: 60,
    },
  ],
  run(stage) {
    const files = partOf(filesIn(FOLDER), stage.sizes.events / DEFAULT_EVENTS);
    if (files.length === 0) {
      stage.say(`left out: there are no logs in ${FOLDER}`);
      return Promise.resolve([]);
    }
    return interleave(stage, metrics, [{ name: SUBJECT, run: () => turn(stage, files) }]);
  },
};

function filesIn(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .toSorted()
    .map((name) => join(folder, name));
}

/** A share of all, from the first to the last; at least one. */
export function partOf<T>(all: readonly T[], share: number): readonly T[] {
  const count = Math.min(all.length, Math.max(1, Math.round(all.length * share)));
  return all.filter(
    (_, at) =>
      Math.floor((at * count) / all.length) !== Math.floor(((at - 1) * count) / all.length),
  );
}

/** On servers of its own: topics and consumers of an earlier turn would be in the way. */
async function turn(stage: Stage, files: readonly string[]): Promise<Outcome> {
  const servers = await startServers();
  try {
    const own = { ...stage, servers };
    const bases: BenchDatabase[] = [];
    try {
      for (const _ of PROCESSES) bases.push(await makeDatabase(own));
      return await importInto(own, bases, files);
    } finally {
      await Promise.all(bases.map((base) => base.drop()));
    }
  } finally {
    await servers.stop();
  }
}

type Bases = readonly BenchDatabase[];

async function importInto(stage: Stage, bases: Bases, files: readonly string[]): Promise<Outcome> {
  const [log, messaging, notification, search] = bases;
  if (!log || !messaging || !notification || !search) throw new TypeError('a database is missing');
  const views = { messaging, notification, search };
  const services: RunningService[] = [];
  try {
    const events = await startEventsService(stage, log.url);
    services.push(events, await startRelayService(stage, log.url));
    for (const area of AREAS) {
      services.push(await startConsumingService(stage, area, views[area].url, events.address));
    }
    const network = `bench-${randomUUID()}`;
    const pids = services.map(({ pid }) => pid);
    const first = await watched(stage, () => importLogs(events.address, network, files), pids);
    const databases = {
      messaging: messaging.database,
      notification: notification.database,
      search: search.database,
    };
    const wrong = await wrongInImport(stage.servers, databases, countLogs(network, files));
    const beganAt = performance.now();
    const second = await importLogs(events.address, network, files);
    const again = (performance.now() - beganAt) / 1000;
    const bare = await bareLoad(stage.servers, log);
    return {
      values: { ...valuesOf(first, pids), again, bare },
      foreign: first.foreign,
      wrong: faultsOf(first.result, second, wrong),
    };
  } finally {
    await Promise.all(services.toReversed().map((service) => service.stop()));
  }
}

function valuesOf(first: Watched<ImportReport>, pids: readonly number[]): Record<string, number> {
  const { result, trees, postgresSeconds, kafkaSeconds } = first;
  const { stored, duration_ms, in_kafka_ms, consumers, lines } = result;
  const until = (ms: number) => (duration_ms + ms) / 1000;
  const waited = consumers.map(
    ({ service, waited_ms = Number.NaN }) => [service, until(waited_ms)] as const,
  );
  const whole = Math.max(...waited.map(([, seconds]) => seconds));
  const perMillion = (seconds: number) => (seconds * 1e6) / stored;
  const cpu = PROCESSES.map(
    (name, at) => [`${name}Cpu`, perMillion(trees.get(pids[at] ?? 0) ?? 0)] as const,
  );
  return {
    ...Object.fromEntries([...waited, ...cpu]),
    per220k: (whole * LINES) / lines.read,
    rate: stored / whole,
    stored: until(0),
    kafka: until(in_kafka_ms),
    postgresCpu: perMillion(postgresSeconds),
    brokerCpu: perMillion(kafkaSeconds),
  };
}

/** All that is wrong with two imports of the same. */
export function faultsOf(
  first: ImportReport,
  second: ImportReport,
  found: string | undefined,
): string | undefined {
  const waited = new Set(first.consumers.map(({ service }) => service));
  const missing = AREAS.filter((area) => !waited.has(area));
  const faults = [
    ...(found === undefined ? [] : [found]),
    ...missing.map((area) => `${area} has no consumer`),
    ...(first.refused > 0 ? [`${first.refused} events refused`] : []),
    ...(first.in_views && second.in_views ? [] : ['not all in every view']),
    ...(second.stored > 0 ? [`${second.stored} events stored again`] : []),
  ];
  return faults.length === 0 ? undefined : faults.join(', ');
}

/** Seconds for COPY of the payloads of a log into three tables with nothing but a key. */
async function bareLoad({ postgres }: BenchServers, log: BenchDatabase): Promise<number> {
  const url = new URL(postgres.adminUrl);
  url.pathname = new URL(log.url).pathname;
  const admin = openPool(url.href, 1);
  try {
    const [row] = await admin.query<{ folder: string }>(
      "SELECT current_setting('data_directory') AS folder",
    );
    const file = `'${join(row?.folder ?? '', 'bench-payloads')}'`;
    await admin.query(`COPY (SELECT event_id, payload FROM outbox_events) TO ${file}`);
    const tables = [1, 2, 3].map((n) => `bench_bare_${n}`);
    for (const table of tables) {
      await admin.query(`CREATE TABLE ${table} (event_id uuid PRIMARY KEY, payload bytea)`);
    }
    const beganAt = performance.now();
    for (const table of tables) await admin.query(`COPY ${table} FROM ${file}`);
    return (performance.now() - beganAt) / 1000;
  } finally {
    await admin.close();
  }
}
