import { isNovaError, messageOf } from '@nova/errors';
import type { KafkaAdmin } from '@nova/kafka';
import { loop, type Part, type Readiness } from '@nova/lifecycle';
import type { Logger } from '@nova/telemetry';
import { backoffMs, sleep } from '@nova/time';
import type { CatalogueTopic } from '../domain/topics.ts';

const RETRY = { initialMs: 250, factor: 2, maxMs: 5_000, jitter: 0.3 };
/** Topics that somebody deletes are back after this time; the log still has their events. */
const AGAIN_MS = 60_000;
const PART = 'topics';

/** What provisioning works with. */
export interface TopicProvisioning {
  readonly admin: Pick<KafkaAdmin, 'ensureTopics'>;
  /** Asked before each round: types are registered while it runs. */
  readonly topics: () => Promise<readonly CatalogueTopic[]>;
  readonly readiness: Readiness;
  readonly logger: Logger;
}

/**
 * Keeps the topics of all event types in place. Without Kafka it goes on trying, and the process is
 * degraded, not down: events wait in the log meanwhile. Before the first answer either way it is
 * down, so that whoever waits for the process finds the topics there.
 */
export function topicProvisioning(given: TopicProvisioning): Part {
  const { admin, topics, readiness, logger } = given;
  readiness.set(PART, 'down', 'topics are being created');
  const round = async (attempt: number): Promise<boolean> => {
    try {
      const created = await admin.ensureTopics(await topics());
      readiness.set(PART, 'ready');
      if (created.length > 0) {
        logger.info({ component: PART, count: created.length }, 'topics created');
      }
      return true;
    } catch (thrown) {
      readiness.set(PART, 'degraded', messageOf(thrown));
      const fields = {
        component: PART,
        attempt,
        error_code: isNovaError(thrown) ? thrown.code : 'NOVA_INTERNAL_BUG',
        reason: messageOf(thrown),
      };
      // What is away is waited for; anything else somebody has to look at.
      if (isNovaError(thrown) && thrown.kind.status === 'UNAVAILABLE') {
        logger.warn(fields, 'topics not checked yet');
      } else {
        logger.error(fields, 'topics not in place');
      }
      return false;
    }
  };
  return loop(
    'topic provisioning',
    async (signal) => {
      let attempt = 0;
      while (!signal.aborted) {
        attempt = (await round(attempt + 1)) ? 0 : attempt + 1;
        await sleep(attempt === 0 ? AGAIN_MS : backoffMs(RETRY, attempt), signal);
      }
    },
    (thrown) => readiness.set(PART, 'degraded', messageOf(thrown)),
  );
}
