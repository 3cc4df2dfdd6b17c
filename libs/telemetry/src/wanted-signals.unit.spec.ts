import { describe, expect, it } from '@jest/globals';
import { wantedSignals } from './wanted-signals.ts';

const NONE = { traces: false, metrics: false, logs: false };

describe('the OTEL variables', () => {
  it.each([
    [{}, NONE],
    [{ OTEL_SERVICE_NAME: 'x' }, NONE],
    [{ OTEL_TRACES_EXPORTER: 'console' }, { ...NONE, traces: true }],
    [{ OTEL_TRACES_EXPORTER: 'none', OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://c' }, NONE],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://c' }, { ...NONE, traces: true }],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c' }, { traces: true, metrics: true, logs: true }],
    [
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c', OTEL_METRICS_EXPORTER: 'none' },
      { traces: true, metrics: false, logs: true },
    ],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c', OTEL_SDK_DISABLED: 'true' }, NONE],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: ' ' }, NONE],
  ])('%j start %j', (environment, expected) => {
    expect(wantedSignals(environment)).toEqual(expected);
  });
});
