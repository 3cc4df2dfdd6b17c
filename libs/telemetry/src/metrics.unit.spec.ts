import { describe, expect, it } from '@jest/globals';
import { counter, gauge, histogram, metricNames, metricsText, setMetricsService } from './index.ts';

describe('metrics', () => {
  it('come out as Prometheus text under their exact names', async () => {
    setMetricsService('spec-service');
    const published = counter(metricNames.eventsPublished, 'events published');
    published.add(3, { event_type: 'message_created' });
    counter(metricNames.eventsPublished, 'events published').add(1, {
      event_type: 'message_created',
    });
    const text = await metricsText();
    expect(text).toContain('# TYPE cqrs_events_published_total counter');
    expect(text).toContain(
      'cqrs_events_published_total{service="spec-service",event_type="message_created"} 4',
    );
    expect(text).not.toContain('total_total');
  });

  it('put durations into buckets from 1 ms to 10 s', async () => {
    histogram(metricNames.outboxPublishLag, 'lag').record(0.004);
    const buckets = (await metricsText())
      .split('\n')
      .filter((line) => line.startsWith('cqrs_outbox_publish_lag_seconds_bucket'));
    const bounds = buckets.map((line) => /le="([^"]+)"/.exec(line)?.[1]);
    expect(bounds[0]).toBe('0.001');
    expect(bounds.at(-2)).toBe('10');
    expect(buckets.find((line) => line.includes('le="0.005"'))).toMatch(/ 1$/);
    expect(buckets.find((line) => line.includes('le="0.0025"'))).toMatch(/ 0$/);
  });

  it('ask gauges when collected, without those that fail or are removed', async () => {
    const name = metricNames.relayLaneOwned;
    gauge(name, 'lanes', () => Promise.reject(new Error('no database')));
    gauge(name, 'lanes', () => {
      throw new Error('no database');
    });
    const removed = gauge(name, 'lanes', () => [{ value: 99, labels: { topic: 'gone' } }]);
    gauge(name, 'lanes', async () => [
      { value: 3, labels: { topic: 'a' } },
      { value: 4, labels: { topic: 'b' } },
    ]);
    removed.remove();
    const lines = (await metricsText()).split('\n').filter((line) => line.startsWith(name));
    expect(lines.map((line) => line.replace(/^.*topic/, 'topic'))).toEqual([
      'topic="a"} 3',
      'topic="b"} 4',
    ]);
  });

  it('refuse a name that is already another kind of metric', () => {
    counter(metricNames.workerErrors, 'errors');
    expect(() => histogram(metricNames.workerErrors, 'errors')).toThrow(
      expect.objectContaining({ code: 'NOVA_TELEMETRY_METRIC_CONFLICT' }),
    );
  });
});
