import { catalogue, topicOf } from '@nova/events';
import { openKafka } from '@nova/kafka';
import { silentLogger } from '@nova/telemetry';

/**
 * Resolves with the number of topics when every topic of the catalogue is there and every one of
 * its partitions answers for its offsets. A broker takes a while to open new partitions; until
 * then it refuses records for them although the topic exists.
 *
 * @throws when a topic is missing or a partition does not answer yet.
 */
export async function topicsReady(brokers: readonly string[]): Promise<number> {
  const topics = catalogue.all().map(({ type }) => topicOf(type));
  const admin = openKafka({ brokers, clientId: 'nova-cli', logger: silentLogger }).admin();
  try {
    const described = await admin.describe(topics);
    const missing = topics.filter((topic) => !described.has(topic));
    if (missing.length > 0) throw new Error(`${missing.length} topics are missing`);
    return topics.length;
  } finally {
    await admin.close();
  }
}
