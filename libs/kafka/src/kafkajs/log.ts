import type { Logger } from '@nova/telemetry';
import { type LogEntry, logLevel } from 'kafkajs';

const REPEAT_AFTER_MS = 30_000;

/** What kafkajs calls errors although every group goes through them (K13). */
const REBALANCES = [
  'The group is rebalancing',
  'The coordinator is not aware of this member',
  'Specified group generation id is not valid',
];

/**
 * Routes what kafkajs says to our logger. It calls everything an error that it tries again, once
 * per attempt, so here its errors are warnings, the same one at most every 30 s, and everything
 * else is for debugging; a client that was thrown away is not heard. What really fails reaches the caller as an error of our own.
 */
export function driverLog(
  logger: Logger,
  nowMs: () => number,
  isClosed: () => boolean,
): () => (entry: LogEntry) => void {
  const saidAt = new Map<string, number>();
  const isRepeated = (what: string) => {
    const last = saidAt.get(what);
    if (last !== undefined && nowMs() - last < REPEAT_AFTER_MS) return true;
    if (saidAt.size > 100) saidAt.clear();
    saidAt.set(what, nowMs());
    return false;
  };
  return () => (entry) => {
    if (isClosed()) return;
    const { namespace, level, log } = entry;
    const reason = reasonOf(entry);
    const fields = {
      component: 'kafka',
      name: namespace,
      reason,
      // Only there where a broker is concerned; kafkajs leaves the extra fields untyped.
      ...(typeof log['broker'] === 'string' ? { address: log['broker'] } : {}),
    };
    const isTrouble = level === logLevel.ERROR && !REBALANCES.some((text) => reason.includes(text));
    if (isTrouble && !isRepeated(`${namespace} ${reason}`)) {
      logger.warn(fields, 'kafka client met a problem and tries again');
    } else {
      logger.debug(fields, 'kafka client');
    }
  };
}

function reasonOf({ log }: LogEntry): string {
  return typeof log['error'] === 'string' ? `${log.message}: ${log['error']}` : log.message;
}
