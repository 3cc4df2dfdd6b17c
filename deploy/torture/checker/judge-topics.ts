import type { LogRow, Observation, TopicRow } from './observation.ts';
import type { Finder } from './verdict.ts';

/** What is looked for in topics. */
export interface TopicFinders {
  readonly lost: Finder;
  readonly invented: Finder;
  readonly inversions: Finder;
}

/** Compares the topics with the log: all of it, nothing else, first occurrences in order. */
export function judgeTopics(
  { log, topics, topicNames }: Observation,
  find: TopicFinders,
): { readonly duplicates: number } {
  const byId = new Map(log.map((row) => [row.id, row]));
  const seen = new Set<string>();
  const highest = new Map<string, number>();
  let duplicates = 0;
  for (const record of topics) {
    const { topic, key, id, version } = record;
    const wrong = whatIsWrong(record, byId.get(id));
    if (wrong !== undefined) find.invented.add(`${topic} has ${id}, ${wrong}`);
    if (seen.has(id)) {
      duplicates += 1;
      continue;
    }
    seen.add(id);
    const place = `${topic}/${key}`;
    const before = highest.get(place) ?? 0;
    if (version < before) find.inversions.add(`${place}: ${version} came first after ${before}`);
    highest.set(place, Math.max(version, before));
  }
  for (const { id, type } of log) {
    if (topicNames.has(topicOf(type)) && !seen.has(id)) {
      find.lost.add(`${id} is in the log and not in ${topicOf(type)}`);
    }
  }
  return { duplicates };
}

function whatIsWrong(record: TopicRow, stored: LogRow | undefined): string | undefined {
  if (stored === undefined || topicOf(stored.type) !== record.topic) {
    return 'which the log does not have';
  }
  const { payload, aggregate, version } = stored;
  const isSame =
    payload === record.payload && aggregate === record.key && version === record.version;
  return isSame ? undefined : 'with another content';
}

function topicOf(type: string): string {
  return `nova_events_${type}`;
}
