/**
 * How long the import of real chat logs takes, until everything is in Kafka; and whether it is all
 * there, judged by means that share no code with nova: messages per conversation as the files have
 * them, against the records that kcat sees. A second import must add nothing.
 *
 *   ./nova up --detach && node bench/import.bench.ts [folder of logs] [--port-offset N]
 *
 * The folder is `../shared/data/ubuntu-irc` by default (153 logs, 220,463 lines; not part of the
 * repository). Each run has a network of its own, so that it can be repeated on one stack.
 */
import { execFileSync, spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';

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
  readonly already_there: number;
  readonly refused: number;
  readonly lines: Readonly<Record<string, number>>;
  readonly duration_ms: number;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
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

/** The UUIDv5 of a name in nova's namespace, told once more from RFC 9562. */
function derived(name: string): string {
  const uuid5 = (namespace: Buffer, text: string) => {
    const hash = createHash('sha1').update(namespace).update(text).digest().subarray(0, 16);
    hash.writeUInt8((hash.readUInt8(6) & 0x0f) | 0x50, 6);
    hash.writeUInt8((hash.readUInt8(8) & 0x3f) | 0x80, 8);
    return hash;
  };
  const hex = uuid5(uuid5(Buffer.alloc(16), 'nova'), name).toString('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** Messages by conversation as the files have them: lines that begin with `[…] <`. */
function countFiles(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of readdirSync(folder)) {
    const lines = readFileSync(join(folder, name), 'latin1').split('\n');
    const messages = lines.filter((line) => line.startsWith('[') && line.includes('] <')).length;
    if (messages > 0) counts.set(derived(`irc:${network}:${name}`), messages);
  }
  return counts;
}

/** Distinct events by conversation as kcat sees them in the topic, and records out of order. */
async function countTopic(wanted: ReadonlyMap<string, number>) {
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

if (!existsSync(folder)) {
  say(`skipped: ${folder} is not there`);
  process.exit(0);
}
const first = importOnce();
const inFiles = countFiles();
const { counts, inversions } = await countTopic(inFiles);
const differing = [...inFiles].filter(([key, count]) => counts.get(key) !== count).length;
const second = importOnce();
const total = [...inFiles.values()].reduce((sum, count) => sum + count, 0);
say(`lines read                     ${first.report.lines['read']}`);
say(`events stored                  ${first.report.stored}`);
say(`until stored                   ${(first.report.duration_ms / 1000).toFixed(1)} s`);
say(`until all are in Kafka         ${(first.ms / 1000).toFixed(1)} s`);
say(`events per second              ${Math.round((first.report.stored * 1000) / first.ms)}`);
say(`conversations                  ${inFiles.size}, ${differing} with another count of messages`);
say(`messages in files              ${total}`);
say(`records out of order           ${inversions}`);
say(`stored by the second import    ${second.report.stored}`);
say(`second import                  ${(second.ms / 1000).toFixed(1)} s`);
process.exitCode = differing + inversions + second.report.stored === 0 ? 0 : 1;
