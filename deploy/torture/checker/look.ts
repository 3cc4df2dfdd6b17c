import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import type { LogRow, Observation, SeenView, TopicRow, ViewName } from './observation.ts';

const run = promisify(execFile);
const MOST_BYTES = 1024 * 1024 * 1024;
/** Topics that are read side by side, a process each: schedules register more and more types. */
const AT_A_TIME = 8;

/** Where to look. */
export interface Sources {
  /** URL of the log's database, for psql. */
  readonly log: string;
  /** Brokers, for kcat; or else files with what kcat would print, by topic. */
  readonly brokers?: string;
  readonly topicFiles?: Readonly<Record<string, string>>;
  /** Each view with the URL of its consumer's database. */
  readonly views: readonly { readonly view: ViewName; readonly url: string }[];
}

/** What kcat prints of a record. */
export const KCAT_FORMAT = '%p\t%k\t%h\t%s\n';

/** Columns of each view, in the order of the checker's own folds. */
const QUERIES: Readonly<Record<ViewName, string>> = {
  activity: 'SELECT conversation_id, messages, members_added, last_active_at FROM activity_view',
  messages:
    'SELECT conversation_id, message_id, sequence, version, sender_id, content FROM message_view',
  conversations: 'SELECT conversation_id, kind, last_sequence FROM conversation_view',
  found: 'SELECT conversation_id, message_id, version, sender_id, content FROM message_view',
  notices: "SELECT source_event_id, user_id FROM notification_view WHERE kind = 'direct_message'",
};

/** Rows of a query, as psql prints them: one array of texts a row. */
export async function psql(url: string, query: string): Promise<string[][]> {
  const { stdout } = await run('psql', [url, '-X', '-At', '-F', '\t', '-c', query], {
    maxBuffer: MOST_BYTES,
  });
  return lines(stdout).map((line) => line.split('\t'));
}

/** Looks at everything. Uses psql and kcat alone. */
export async function look(sources: Sources): Promise<Observation> {
  const types = await psql(sources.log, 'SELECT DISTINCT event_type FROM outbox_events');
  const names =
    sources.topicFiles === undefined
      ? types.map(([type]) => `nova_events_${type}`)
      : Object.keys(sources.topicFiles);
  const topics: TopicRow[] = [];
  for (let from = 0; from < names.length; from += AT_A_TIME) {
    const some = names.slice(from, from + AT_A_TIME);
    const read = await Promise.all(some.map((topic) => readTopic(topic, sources)));
    // One by one: more than fit into the arguments of a call.
    for (const rows of read) for (const row of rows) topics.push(row);
  }
  // After the topics: what is appended meanwhile is not yet there, but nothing there is unknown.
  const log = await readLog(sources.log);
  const views = await Promise.all(sources.views.map(({ view, url }) => readView(view, url)));
  const parked = await psql(sources.log, "SELECT to_regclass('outbox_parked')");
  const [[parkedInRelay = '0'] = []] =
    parked[0]?.[0] === 'outbox_parked'
      ? await psql(sources.log, 'SELECT count(*) FROM outbox_parked')
      : [['0']];
  return {
    log,
    topics,
    topicNames: new Set(names),
    views,
    parkedInRelay: Number(parkedInRelay),
  };
}

async function readLog(url: string): Promise<LogRow[]> {
  const rows = await psql(
    url,
    `SELECT position, event_id, event_type, aggregate_id, aggregate_version, type_sequence,
            to_char(stored_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
            convert_from(payload, 'UTF8')
     FROM outbox_events ORDER BY position`,
  );
  return rows.map(
    ([position, id = '', type = '', aggregate = '', version, sequence, at, text]) => ({
      position: Number(position),
      id,
      type,
      aggregate,
      version: Number(version),
      sequence: Number(sequence),
      storedAt: at ?? '',
      payload: text ?? '',
    }),
  );
}

async function readTopic(topic: string, sources: Sources): Promise<TopicRow[]> {
  const text =
    sources.topicFiles === undefined
      ? await kcat(topic, sources.brokers ?? '')
      : readFileSync(sources.topicFiles[topic] ?? '', 'utf8');
  return lines(text).map((line) => {
    const [partition, key = '', headers = '', payload = ''] = line.split('\t');
    return {
      topic,
      partition: Number(partition),
      key,
      id: /(?:^|,)ce_id=([^,]*)/.exec(headers)?.[1] ?? '',
      version: Number(/(?:^|,)ce_sequence=([^,]*)/.exec(headers)?.[1]),
      payload,
    };
  });
}

async function kcat(topic: string, brokers: string): Promise<string> {
  const args = ['-C', '-q', '-e', '-b', brokers, '-t', topic, '-f', KCAT_FORMAT];
  const { stdout } = await run('kcat', args, { maxBuffer: MOST_BYTES });
  return stdout;
}

async function readView(view: ViewName, url: string): Promise<SeenView> {
  const [[generation = ''] = []] = await psql(
    url,
    "SELECT generation FROM consumer_generations WHERE consumer = 'views' AND state = 'serving'",
  );
  const rows = await psql(`${url}?options=-csearch_path%3Dviews_g${generation}`, QUERIES[view]);
  const parked = await psql(
    url,
    `SELECT aggregate_id, failed_version FROM parked_aggregates
     WHERE consumer = 'views' AND generation = ${generation}`,
  );
  return {
    view,
    rows,
    parked: new Map(parked.map(([id = '', version]) => [id, Number(version)])),
  };
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}
