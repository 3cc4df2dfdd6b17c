import { catalogue, DEFAULT_PARTITIONS, deadLetterTopicOf } from '@nova/events';

const RETENTION_DAYS = 30;
const RETENTION_MS = RETENTION_DAYS * 24 * 60 * 60 * 1000;

/** Text of deploy/compose/topics.txt: topic, partitions and retention in ms, one topic a line. */
export function topicsFile(): string {
  const lines = catalogue
    .all()
    .flatMap(({ type, topic }) => [
      `${topic} ${DEFAULT_PARTITIONS} ${RETENTION_MS}`,
      `${deadLetterTopicOf(type)} 1 ${RETENTION_MS}`,
    ]);
  return `${lines.sort().join('\n')}\n`;
}
