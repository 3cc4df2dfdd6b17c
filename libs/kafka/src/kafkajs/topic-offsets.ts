import type { Admin } from 'kafkajs';

type TopicOffsets = Awaited<ReturnType<Admin['fetchTopicOffsets']>>;

const MOST_ATTEMPTS = 5;

/**
 * First and next offset of each partition of a topic. Of several topics that are asked about at once,
 * kafkajs may take over what it heard of the cluster before one of them was named, and then fails over
 * a topic that it does not know; asked again it looks that one up.
 *
 * @throws what kafkajs throws
 */
export async function topicOffsets(
  admin: Pick<Admin, 'fetchTopicOffsets'>,
  topic: string,
): Promise<TopicOffsets> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await admin.fetchTopicOffsets(topic);
    } catch (thrown) {
      if (!(thrown instanceof TypeError) || attempt === MOST_ATTEMPTS) throw thrown;
    }
  }
}
