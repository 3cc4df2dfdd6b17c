import { messageOf, NovaError } from '@nova/errors';
import { catalogue, topicOf } from '@nova/events';
import { type KafkaAdmin, openKafka } from '@nova/kafka';
import { silentLogger } from '@nova/telemetry';
import { type Clock, sleep } from '@nova/time';
import { errors } from '../errors.ts';

const ASK_EVERY_MS = 100;

/**
 * Resolves with the number of topics when every topic of the catalogue is there and every one of
 * its partitions answers for its offsets. A broker takes a while to open new partitions; until
 * then it refuses records for them although the topic exists.
 *
 * @throws CLI_START_FAILED when that does not come within `withinMs`.
 */
export async function untilTopicsReady(
  brokers: readonly string[],
  clock: Clock,
  withinMs: number,
): Promise<number> {
  const topics = catalogue.all().map(({ type }) => topicOf(type));
  const admin = openKafka({ brokers, clientId: 'nova-cli', logger: silentLogger }).admin();
  const deadline = clock.monotonicMs() + withinMs;
  try {
    for (;;) {
      const reason = await whatIsMissing(admin, topics);
      if (reason === undefined) return topics.length;
      if (clock.monotonicMs() > deadline) {
        throw new NovaError(errors.CLI_START_FAILED, { part: 'topics', reason, tail: '' });
      }
      await sleep(ASK_EVERY_MS);
    }
  } finally {
    await admin.close();
  }
}

async function whatIsMissing(
  admin: KafkaAdmin,
  topics: readonly string[],
): Promise<string | undefined> {
  try {
    const described = await admin.describe(topics);
    const missing = topics.filter((topic) => !described.has(topic));
    return missing.length === 0 ? undefined : `${missing.length} topics are missing`;
  } catch (thrown) {
    return messageOf(thrown);
  }
}
