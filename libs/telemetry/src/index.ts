/**
 * What a process tells about itself: log lines, metrics and spans. The names of all three live
 * here, in `log-fields.ts`, `metric-names.ts` and `span-names.ts`.
 */
export { errors } from './errors.ts';
export type { LogFields } from './log-fields.ts';
export {
  createLogger,
  LOG_LEVELS,
  type LogDestination,
  type Logger,
  type LogLevel,
  silentLogger,
} from './logger.ts';
export { type LabelName, type Labels, type MetricName, metricNames } from './metric-names.ts';
export {
  type CounterMetric,
  counter,
  type GaugeMetric,
  gauge,
  type HistogramMetric,
  histogram,
  metricsText,
  prepareMetrics,
  type Reading,
  setMetricsService,
} from './metrics.ts';
export { maskSecrets } from './serialize-error.ts';
export { settings } from './settings.ts';
export { spanAttributes, spanNames } from './span-names.ts';
export { stopTelemetry } from './stop-telemetry.ts';
export { currentTraceContext, parseTraceContext, type TraceContext } from './trace-context.ts';
export { type RunningSpan, type SpanRole, type SpanStart, withSpan } from './tracing.ts';
