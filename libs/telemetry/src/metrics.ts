import { createRequire } from 'node:module';
import { NovaError } from '@nova/errors';
import type { Counter, Histogram, Meter } from '@opentelemetry/api';
import type * as exporterPrometheus from '@opentelemetry/exporter-prometheus';
import type * as sdkMetrics from '@opentelemetry/sdk-metrics';
import { errors } from './errors.ts';
import type { Labels, MetricName } from './metric-names.ts';

/** Counts things that happened. */
export interface CounterMetric {
  /** `n` must not be negative. */
  add(n: number, labels?: Labels): void;
}

/** Collects durations in seconds. */
export interface HistogramMetric {
  /** `seconds` fall into explicit buckets from 1 ms to 10 s. */
  record(seconds: number, labels?: Labels): void;
}

/** One value of a gauge. */
export interface Reading {
  readonly value: number;
  readonly labels?: Labels;
}

/** A gauge in place. */
export interface GaugeMetric {
  /** Stops asking this reader. */
  remove(): void;
}

type GaugeRead = () => readonly Reading[] | Promise<readonly Reading[]>;
type Declared =
  | { readonly kind: 'counter'; readonly metric: CounterMetric }
  | { readonly kind: 'histogram'; readonly metric: HistogramMetric }
  | { readonly kind: 'gauge'; readonly reads: Set<GaugeRead>; readonly help: string };

const BUCKETS_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const COLLECT_DEADLINE_MS = 2000;

const declared = new Map<MetricName, Declared>();
let constantLabels: Labels = {};
let running: { meter: Meter; text(): Promise<string> } | undefined;

/** The service that every metric of this process is labelled with. */
export function setMetricsService(service: string): void {
  constantLabels = { service };
}

/**
 * The counter of this name; the same one each time.
 *
 * @throws TELEMETRY_METRIC_CONFLICT when the name belongs to a metric of another kind.
 */
export function counter(name: MetricName, help: string): CounterMetric {
  const known = declared.get(name);
  if (known?.kind === 'counter') return known.metric;
  if (known !== undefined) throw conflict(name);
  let instrument: Counter | undefined;
  const metric: CounterMetric = {
    add(n, labels) {
      instrument ??= start().meter.createCounter(name, { description: help });
      instrument.add(n, { ...constantLabels, ...labels });
    },
  };
  declared.set(name, { kind: 'counter', metric });
  return metric;
}

/**
 * The histogram of this name; the same one each time.
 *
 * @throws TELEMETRY_METRIC_CONFLICT when the name belongs to a metric of another kind.
 */
export function histogram(name: MetricName, help: string): HistogramMetric {
  const known = declared.get(name);
  if (known?.kind === 'histogram') return known.metric;
  if (known !== undefined) throw conflict(name);
  let instrument: Histogram | undefined;
  const metric: HistogramMetric = {
    record(seconds, labels) {
      instrument ??= start().meter.createHistogram(name, {
        description: help,
        advice: { explicitBucketBoundaries: BUCKETS_SECONDS },
      });
      instrument.record(seconds, { ...constantLabels, ...labels });
    },
  };
  declared.set(name, { kind: 'histogram', metric });
  return metric;
}

/**
 * Asks `read` for the gauge's values whenever metrics are collected. Several readers may share a
 * name, each with labels of its own. A reader that fails leaves its values out, nothing else.
 *
 * @throws TELEMETRY_METRIC_CONFLICT when the name belongs to a metric of another kind.
 */
export function gauge(name: MetricName, help: string, read: GaugeRead): GaugeMetric {
  let known = declared.get(name);
  if (known === undefined) {
    known = { kind: 'gauge', reads: new Set(), help };
    declared.set(name, known);
    if (running !== undefined) observe(running.meter, name, known);
  }
  if (known.kind !== 'gauge') throw conflict(name);
  const { reads } = known;
  reads.add(read);
  return { remove: () => void reads.delete(read) };
}

/** All metrics of this process in the text format of Prometheus. */
export function metricsText(): Promise<string> {
  return start().text();
}

/** Loads what metrics need (about 0.1 s), so that the first request does not wait for it. */
export function prepareMetrics(): void {
  start();
}

// Loaded at the first measurement: command line verbs measure nothing and should start at once.
function start(): NonNullable<typeof running> {
  if (running !== undefined) return running;
  const require = createRequire(import.meta.url);
  // require() is untyped; these are the types of the very packages named.
  const sdk = require('@opentelemetry/sdk-metrics') as typeof sdkMetrics;
  const prometheus = require('@opentelemetry/exporter-prometheus') as typeof exporterPrometheus;
  // The exporter is used as a reader and text writer only: service-kit has the HTTP server.
  const reader = new prometheus.PrometheusExporter({ preventServerStart: true });
  const serializer = new prometheus.PrometheusSerializer('', false, undefined, true, true);
  const meter = new sdk.MeterProvider({ readers: [reader] }).getMeter('nova');
  running = {
    meter,
    async text() {
      const { resourceMetrics } = await reader.collect({ timeoutMillis: COLLECT_DEADLINE_MS });
      return serializer.serialize(resourceMetrics);
    },
  };
  for (const [name, one] of declared) if (one.kind === 'gauge') observe(meter, name, one);
  return running;
}

function observe(meter: Meter, name: string, one: Declared & { kind: 'gauge' }): void {
  meter.createObservableGauge(name, { description: one.help }).addCallback(async (result) => {
    const answers = await Promise.allSettled([...one.reads].map(async (read) => read()));
    for (const answer of answers) {
      if (answer.status === 'rejected') continue;
      for (const { value, labels } of answer.value) {
        result.observe(value, { ...constantLabels, ...labels });
      }
    }
  });
}

function conflict(metric: string): NovaError {
  return new NovaError(errors.TELEMETRY_METRIC_CONFLICT, { metric });
}
