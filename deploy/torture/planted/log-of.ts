import type { LogReader } from '@nova/consumer';
import { eventsByAggregate, logHead, readWindow } from '@nova/outbox';
import type { Database } from '@nova/postgres';

/** The log as a consumer reads it, on the log's own database. */
export function logOf(database: Database): LogReader {
  return {
    async *readAggregates(ranges, limit) {
      for (const range of ranges) yield await eventsByAggregate(database, { ...range, limit });
    },
    async *readLog({ from, lanes, eventTypes, headersOnly }) {
      let after = from?.position ?? 0n;
      const { head } = await logHead(database);
      while (after < head.position) {
        const window = { after, limit: 1000, lanes, eventTypes, headersOnly };
        const read = await readWindow(database, window);
        yield read;
        after = read.scanned.position;
      }
    },
    getLog: () => logHead(database),
    register: () => Promise.resolve(),
  };
}
