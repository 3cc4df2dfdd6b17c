import { loop, type Part } from '@nova/lifecycle';
import { type OutboxStatus, outboxStatus } from '@nova/outbox';
import type { Database } from '@nova/postgres';
import { type GaugeMetric, gauge, metricNames } from '@nova/telemetry';
import { type Clock, sleep } from '@nova/time';
import { PublishRate } from '../domain/publish-rate.ts';

const SAMPLE_EVERY_MS = 10_000;

/** How far publishing is, and how fast. */
export interface PublishProgress {
  /** Asked from the database now. */
  status(): Promise<OutboxStatus & { readonly publishedPerSecond: number }>;
}

/** Samples the outbox every 10 s, so that its rate is known whoever asks and however seldom. */
export function createPublishProgress(
  database: Database,
  clock: Clock,
): PublishProgress & { readonly part: Part } {
  const rate = new PublishRate();
  const status = async () => {
    const found = await outboxStatus(database);
    rate.note(clock.monotonicMs(), found.head.position - found.pending);
    return { ...found, publishedPerSecond: rate.perSecond() };
  };
  const sampling = loop(
    'publish progress',
    async (signal) => {
      while (!signal.aborted) {
        // The probe of the database tells when it is gone; a missing sample is none.
        await status().catch(() => {});
        await sleep(SAMPLE_EVERY_MS, signal);
      }
    },
    () => {},
  );
  let gauges: readonly GaugeMetric[] = [];
  const part: Part = {
    name: 'publish progress',
    async start() {
      gauges = backlogGauges(status);
      await sampling.start();
    },
    async stop() {
      for (const one of gauges) one.remove();
      await sampling.stop();
    },
  };
  return { status, part };
}

// The relay tells the same of itself; here it is told also when there is no relay.
function backlogGauges(status: PublishProgress['status']): readonly GaugeMetric[] {
  return [
    gauge(metricNames.outboxPending, 'Events that are not yet acknowledged by Kafka.', async () => [
      { value: Number((await status()).pending) },
    ]),
    gauge(metricNames.outboxOldestPendingAge, 'Age of the oldest event that waits.', async () => [
      { value: ((await status()).oldestPendingAgeMs ?? 0) / 1000 },
    ]),
    gauge(metricNames.parkedAggregates, 'Aggregates whose next event fails.', async () => [
      { value: Number((await status()).parked.aggregates) },
    ]),
    gauge(metricNames.parkedEvents, 'Events that wait behind a failure.', async () => [
      { value: Number((await status()).parked.events) },
    ]),
    gauge(metricNames.parkedOldestAge, 'Time since the first failure that lasts.', async () => [
      { value: (await status()).parked.oldestAgeMs / 1000 },
    ]),
  ];
}
