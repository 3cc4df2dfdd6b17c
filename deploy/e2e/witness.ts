import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** An event as psql found it in the log. */
export interface LoggedEvent {
  readonly eventId: string;
  readonly topic: string;
  readonly aggregateId: string;
  readonly version: number;
}

/** A record as kcat found it, in the order of its partition. */
export interface SeenRecord {
  readonly topic: string;
  readonly partition: number;
  readonly key: string;
  readonly eventId: string;
  readonly version: number;
}

/** Rows of a query, as psql prints them: one array of texts a row. Shares no code with nova. */
export async function psql(url: string, query: string): Promise<string[][]> {
  const { stdout } = await run('psql', [url, '-X', '-At', '-F', '\t', '-c', query], {
    maxBuffer: 256 * 1024 * 1024,
  });
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t'));
}

/** Every event of the log. */
export async function loggedEvents(url: string): Promise<LoggedEvent[]> {
  const rows = await psql(
    url,
    'select event_id, event_type, aggregate_id, aggregate_version from outbox_events order by position',
  );
  return rows.map(([eventId = '', type, aggregateId = '', version]) => ({
    eventId,
    topic: `nova_events_${type}`,
    aggregateId,
    version: Number(version),
  }));
}

/** Every record of a topic, by kcat. Shares no code with nova. */
export async function topicRecords(brokers: string, topic: string): Promise<SeenRecord[]> {
  const format = '%p\t%k\t%h\n';
  const { stdout } = await run(
    'kcat',
    ['-C', '-q', '-e', '-b', brokers, '-t', topic, '-f', format],
    {
      maxBuffer: 512 * 1024 * 1024,
    },
  );
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [partition, key = '', headers = ''] = line.split('\t');
      return {
        topic,
        partition: Number(partition),
        key,
        eventId: /(?:^|,)ce_id=([^,]*)/.exec(headers)?.[1] ?? '',
        version: Number(/(?:^|,)ce_sequence=([^,]*)/.exec(headers)?.[1]),
      };
    });
}

/** Records whose first occurrence comes after a later version of the same key in the same topic. */
export function inversions(records: readonly SeenRecord[]): SeenRecord[] {
  const seen = new Set<string>();
  const highest = new Map<string, number>();
  const inverted: SeenRecord[] = [];
  for (const record of records) {
    if (seen.has(record.eventId)) continue;
    seen.add(record.eventId);
    const place = `${record.topic}/${record.key}`;
    if (record.version < (highest.get(place) ?? 0)) inverted.push(record);
    else highest.set(place, record.version);
  }
  return inverted;
}
