import type { Logger } from '@nova/telemetry';
import { type LogEntry, logLevel } from 'kafkajs';

const REPEAT_AFTER_MS = 30_000;

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
    const fields = {
      component: 'kafka',
      name: namespace,
      reason: log.message,
      // Only there where a broker is concerned; kafkajs leaves the extra fields untyped.
      ...(typeof log['broker'] === 'string' ? { address: log['broker'] } : {}),
    };
    if (level === logLevel.ERROR && !isRepeated(`${namespace} ${log.message}`)) {
      logger.warn(fields, 'kafka client met a problem and tries again');
    } else {
      logger.debug(fields, 'kafka client');
    }
  };
}
