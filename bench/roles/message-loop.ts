import { randomUUID } from 'node:crypto';
import { openKafka } from '@nova/kafka';
import { silentLogger } from '@nova/telemetry';
import { openPool } from '../harness/databases.ts';
import type { Prepared } from '../harness/worker-messages.ts';
import { applyMessage } from '../peers/message-transaction.ts';
import { foldBench } from '../workload/bench-view.ts';
import { topicsOf } from '../workload/topics.ts';
import type { Workload } from '../workload/workload.ts';
import type { Driver } from './relay.ts';

/** What it is told. */
export interface MessageLoopOptions {
  readonly viewsUrl: string;
  readonly brokers: readonly string[];
  readonly driver: Driver;
  readonly workload: Workload;
}

/** The peer of a consumer: a transaction for each message, one after the other. */
export async function prepareMessageLoop(options: MessageLoopOptions): Promise<Prepared> {
  const { viewsUrl, brokers, driver, workload } = options;
  const database = openPool(viewsUrl, 2);
  await database.ping();
  const kafka = openKafka({ brokers, clientId: 'bench-consumer', logger: silentLogger, driver });
  const all = Promise.withResolvers<void>();
  let left = workload.events;
  // Partitions are delivered side by side; a loop takes one message at a time.
  let before = Promise.resolve();
  const open = () =>
    kafka.source().open({
      groupId: `bench-${randomUUID()}`,
      topics: topicsOf(workload),
      startAt: () => Promise.resolve(new Map()),
      deliver: ({ topic, records }) => {
        before = before.then(async () => {
          for (const { key = '', value, headers } of records) {
            const eventType = topic.replace('nova_events_', '');
            const payload: unknown = JSON.parse(Buffer.from(value ?? []).toString());
            const eventId = headers['ce_id'] ?? '';
            await applyMessage(database, {
              ...{ eventId, aggregateId: key, eventType },
              fold: (row: { events: number; digest: string } | undefined) =>
                foldBench(row, typeof payload === 'object' && payload !== null ? payload : {}),
            });
            left -= 1;
          }
          if (left <= 0) all.resolve();
        });
        return before;
      },
      revoked: () => {},
    });
  let member: Awaited<ReturnType<typeof open>> | undefined;
  return {
    async go() {
      const startedAt = performance.now();
      member = await open();
      await all.promise;
      const seconds = (performance.now() - startedAt) / 1000;
      return { values: { seconds, rate: workload.events / seconds } };
    },
    async stop() {
      await member?.stop();
      await kafka.admin().close();
      await database.close();
    },
  };
}
