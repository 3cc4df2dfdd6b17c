import { isNovaError, messageOf } from '@nova/errors';
import { formatPosition } from '@nova/events';
import { loop, type Part } from '@nova/lifecycle';
import { ensurePartitions, noticeIncarnation, purgeRequests } from '@nova/outbox';
import type { Database } from '@nova/postgres';
import type { Logger } from '@nova/telemetry';
import { sleep } from '@nova/time';
import { purgeMembers } from './consumers.ts';
import { purgeRefused } from './scheduled-events.ts';
import { purgeSubscriptions } from './subscriptions/kept.ts';

/**
 * What has to be done now and then: a look whether the log was restored, the log's next partition, answers to requests that are older
 * than 7 days, registrations that were not renewed, scheduled events that the log refused, consumers of
 * subscriptions that are gone, replays that ended. Each is harmless to repeat and to do in several
 * instances at once; one that fails is tried again in the next round.
 */
export function maintenance(given: {
  readonly database: Database;
  readonly logger: Logger;
  readonly everyMs: number;
}): Part {
  const { database, everyMs } = given;
  const logger = given.logger.child({ component: 'maintenance' });
  const tasks: Readonly<Record<string, () => Promise<unknown>>> = {
    incarnation: () => noticeRestore(database, logger),
    partitions: () => ensurePartitions(database),
    requests: () => purgeRequests(database),
    members: () => purgeMembers(database),
    scheduled: () => purgeRefused(database),
    subscriptions: () => purgeSubscriptions(database),
  };
  const round = async (signal: AbortSignal) => {
    for (const [name, task] of Object.entries(tasks)) {
      if (signal.aborted) return;
      await task().catch((thrown: unknown) => {
        const error_code = isNovaError(thrown) ? thrown.code : 'NOVA_INTERNAL_BUG';
        logger.warn({ name, error_code, reason: messageOf(thrown) }, 'maintenance put off');
      });
    }
  };
  return loop(
    'maintenance',
    async (signal) => {
      while (!signal.aborted) {
        await round(signal);
        await sleep(everyMs, signal);
      }
    },
    (thrown) => logger.error({ err: thrown }, 'maintenance ended by a bug'),
  );
}

async function noticeRestore(database: Database, logger: Logger): Promise<void> {
  const begun = await noticeIncarnation(database);
  if (begun === undefined) return;
  const position = formatPosition(begun);
  logger.warn({ position }, 'server restarted or log restored: a new epoch begins after it');
}
