/**
 * How long the import of real chat logs takes, until everything is in Kafka and in every view; and
 * whether it is all there, judged by means that share no code with nova: messages, mentions and
 * members per conversation as the files have them, against the records that kcat sees and the rows
 * that psql finds. A second import must add nothing.
 *
 *   ./nova up --detach && . .nova/env && node bench/import.bench.ts [folder of logs] [--port-offset N]
 *
 * The folder is `../shared/data/ubuntu-irc` by default (153 logs, 220,463 lines; not part of the
 * repository). Each run has a network of its own, so that it can be repeated on one stack. The
 * physical limit beside it: the same payloads, loaded with COPY into three bare tables of the same
 * server.
 */
import { execFileSync, spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { environment } from './environment.ts';
import { type CountedLog, countLogs } from './irc-logs.ts';
import { servingSchema } from './watch.ts';

const root = join(import.meta.dirname, '..');
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { 'port-offset': { type: 'string', default: '0' } },
});
const folder = resolve(positionals[0] ?? join(root, '../shared/data/ubuntu-irc'));
const brokers = `localhost:${9092 + Number(values['port-offset'])}`;
const network = `bench-${randomUUID()}`;

/** What of the document of `import irc -o json` is looked at here. */
interface Report {
  readonly stored: number;
  readonly lines: Readonly<Record<string, number>>;
  readonly duration_ms: number;
  readonly in_kafka_ms: number;
  readonly in_views: boolean;
  readonly consumers: readonly { readonly service: string; readonly waited_ms: number }[];
}

function say(what: string, value: string | number): void {
  process.stdout.write(`${what.padEnd(32)}${value}\n`);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

function importOnce(): { report: Report; ms: number } {
  const args = ['import', 'irc', folder, '--network', network, '--wait', '-o', 'json'];
  const started = performance.now();
  const stdout = execFileSync(
    join(root, 'nova'),
    [...args, '--port-offset', values['port-offset']],
    {
      cwd: root,
      maxBuffer: 256 * 1024 * 1024,
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const ms = performance.now() - started;
  // The document that `Report` describes in part.
  return { report: JSON.parse(stdout.toString()) as Report, ms };
}

/** Distinct messages by conversation as kcat sees them in the topic, and records out of order. */
async function countTopic(wanted: ReadonlySet<string>) {
  const reader = spawn(
    'kcat',
    ['-C', '-q', '-e', '-b', brokers, '-t', 'nova_events_message_created', '-f', '%k %h\n'],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const seen = new Set<string>();
  const counts = new Map<string, number>();
  const versions = new Map<string, string>();
  let inversions = 0;
  for await (const line of createInterface({ input: reader.stdout })) {
    const key = line.slice(0, 36);
    const id = /[ ,]ce_id=([^,]*)/.exec(line)?.[1] ?? '';
    if (!wanted.has(key) || seen.has(id)) continue;
    seen.add(id);
    counts.set(key, (counts.get(key) ?? 0) + 1);
    const version = /,ce_sequence=(\d+)/.exec(line)?.[1] ?? '';
    if (version <= (versions.get(key) ?? '')) inversions += 1;
    versions.set(key, version);
  }
  return { counts, inversions };
}

function psql(url: string, ...args: readonly string[]): string {
  return execFileSync('psql', [url, '-X', '-At', '-F', ' ', ...args], {
    maxBuffer: 512 * 1024 * 1024,
  }).toString();
}

/** Lines that psql prints of a query on the views of a service, as `first words → last word`. */
async function inViews(area: string, query: string): Promise<Map<string, string>> {
  const url = environment(`NOVA_${area}_DATABASE_URL`);
  const schema = await servingSchema(url);
  const rows = psql(`${url}?options=-csearch_path%3D${schema}`, '-c', query).split('\n');
  return new Map(
    rows.map((row) => {
      const at = row.lastIndexOf(' ');
      return [row.slice(0, at), row.slice(at + 1)] as const;
    }),
  );
}

function differing(
  logs: readonly CountedLog[],
  found: ReadonlyMap<string, string>,
  wanted: (log: CountedLog) => string | number,
): number {
  return logs.filter((log) => (found.get(log.conversationId) ?? '0') !== String(wanted(log)))
    .length;
}

const COUNT = 'SELECT conversation_id, count(*) FROM message_view GROUP BY 1';
const MENTIONS = 'SELECT conversation_id, count(*) FROM mention_view GROUP BY 1';
const members = (condition: string) =>
  `SELECT conversation_id, md5(string_agg(user_id, ',' ORDER BY user_id)) FROM member_view
   WHERE ${condition} GROUP BY 1`;

function membersHash(log: CountedLog): string {
  if (log.members.size === 0) return '0';
  return createHash('md5')
    .update([...log.members].sort().join(','))
    .digest('hex');
}

/** COPY of the payloads of this network into three tables without anything: what a disk costs. */
function bareLoad(): number {
  const log = environment('NOVA_EVENTS_DATABASE_URL');
  const target = environment('NOVA_COMMUNITY_DATABASE_URL');
  const payloads = execFileSync(
    'psql',
    [log, '-X', '-c', 'COPY (SELECT event_id, payload FROM outbox_events) TO STDOUT'],
    { maxBuffer: 1024 ** 3 },
  );
  const table = (n: number) =>
    `CREATE TABLE bench_bare_${n} (event_id uuid PRIMARY KEY, payload bytea)`;
  for (const n of [1, 2, 3]) psql(target, '-c', table(n));
  const started = performance.now();
  for (const n of [1, 2, 3]) {
    execFileSync('psql', [target, '-X', '-q', '-c', `COPY bench_bare_${n} FROM STDIN`], {
      input: payloads,
    });
  }
  const ms = performance.now() - started;
  for (const n of [1, 2, 3]) psql(target, '-c', `DROP TABLE bench_bare_${n}`);
  return ms;
}

if (!existsSync(folder)) {
  say('skipped', `${folder} is not there`);
  process.exit(0);
}
const first = importOnce();
const logs = countLogs(network, folder);
const { counts, inversions } = await countTopic(new Set(logs.map((log) => log.conversationId)));
const inTopic = new Map([...counts].map(([id, count]) => [id, String(count)]));
const wrong = {
  'messages in Kafka': differing(logs, inTopic, ({ messages }) => messages),
  'messages in messaging': differing(
    logs,
    await inViews('MESSAGING', COUNT),
    (one) => one.messages,
  ),
  'messages in search': differing(logs, await inViews('SEARCH', COUNT), (one) => one.messages),
  'mentions in messaging': differing(
    logs,
    await inViews('MESSAGING', MENTIONS),
    (one) => one.mentions,
  ),
  'members in messaging': differing(
    logs,
    await inViews('MESSAGING', members('is_member')),
    membersHash,
  ),
  'members in notification': differing(
    logs,
    await inViews('NOTIFICATION', members('true')),
    membersHash,
  ),
};
const second = importOnce();
const sum = (count: (log: CountedLog) => number) =>
  logs.reduce((total, log) => total + count(log), 0);
say('lines read', first.report.lines['read'] ?? 0);
say('events stored', first.report.stored);
say('until stored', seconds(first.report.duration_ms));
say('until all are in Kafka', seconds(first.report.duration_ms + first.report.in_kafka_ms));
for (const { service, waited_ms } of first.report.consumers) {
  say(`until all are in ${service}`, seconds(first.report.duration_ms + waited_ms));
}
say('whole command', seconds(first.ms));
say('events per second', Math.round((first.report.stored * 1000) / first.ms));
say('COPY into three bare tables', seconds(bareLoad()));
say('conversations', logs.length);
say(
  'in files',
  `${sum((log) => log.messages)} messages, ${sum((log) => log.mentions)} mentions, ${sum((log) => log.members.size)} members`,
);
for (const [what, count] of Object.entries(wrong)) say(`differing ${what}`, count);
say('records out of order', inversions);
say('stored by the second import', second.report.stored);
say('second import', seconds(second.ms));
const isSound =
  Object.values(wrong).every((count) => count === 0) &&
  inversions + second.report.stored === 0 &&
  first.report.in_views &&
  second.report.in_views;
process.exitCode = isSound ? 0 : 1;
