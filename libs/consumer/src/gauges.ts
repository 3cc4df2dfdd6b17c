import { type GaugeMetric, gauge, type MetricName, metricNames } from '@nova/telemetry';
import type { PartitionLog } from './partition-log.ts';
import type { ConsumerStatus } from './status.ts';

/** Shows how a consumer is doing whenever metrics are collected, until the gauges are removed. */
export function observeConsumer({
  status,
  partitions,
  oldestParkedSeconds,
}: {
  readonly status: () => ConsumerStatus;
  readonly partitions: () => readonly PartitionLog[];
  readonly oldestParkedSeconds: () => number;
}): readonly GaugeMetric[] {
  const labels = () => ({ consumer_group: status().groupId });
  const one = (name: MetricName, help: string, value: () => number) =>
    gauge(name, help, () => [{ value: value(), labels: labels() }]);
  return [
    gauge(metricNames.consumerLag, 'Records that are not yet settled.', () =>
      partitions().map((partition) => ({
        value: Number(partition.lag()),
        labels: { ...labels(), topic: partition.topic, partition: String(partition.partition) },
      })),
    ),
    one(
      metricNames.consumerLagSeconds,
      'Age of the oldest record that waits.',
      () => status().lagSeconds,
    ),
    one(
      metricNames.viewLagEvents,
      'Events that the views do not show yet.',
      () => status().lagEvents,
    ),
    one(
      metricNames.viewLagSeconds,
      'Age of what the views do not show yet.',
      () => status().lagSeconds,
    ),
    one(
      metricNames.parkedAggregates,
      'Aggregates that are parked.',
      () => status().parkedAggregates,
    ),
    one(
      metricNames.parkedEvents,
      'Events that wait behind a failure.',
      () => status().parkedEvents,
    ),
    one(metricNames.parkedOldestAge, 'Age of the oldest failure.', oldestParkedSeconds),
  ];
}
