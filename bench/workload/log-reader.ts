import type { LogReader } from '@nova/consumer';
import { eventsByAggregate, logHead, readWindow } from '@nova/outbox';
import type { Database } from '@nova/postgres';

/** The log as consumers read it, over its own database: what gRPC costs is not measured here. */
export function logReader(database: Database): LogReader {
  return {
    async *readAggregates(ranges, limit) {
      for (const range of ranges) yield await eventsByAggregate(database, { ...range, limit });
    },
    async *readLog({ from, lanes, eventTypes, headersOnly }) {
      const { head } = await logHead(database);
      for (let after = from?.position ?? 0n; after < head.position; ) {
        const request = { after, limit: 1000, lanes, eventTypes, headersOnly };
        const window = await readWindow(database, request);
        yield window;
        after = window.scanned.position;
      }
    },
    getLog: () => logHead(database),
    register: () => Promise.resolve(),
  };
}
