import type { Environment } from '@nova/config';

/** What is to be sent by OpenTelemetry. */
export interface WantedSignals {
  readonly traces: boolean;
  readonly metrics: boolean;
  readonly logs: boolean;
}

/**
 * Reads the standard variables the careful way round: a signal is sent when its exporter or an
 * endpoint is named. The SDK by itself would send everything to localhost:4318 and complain.
 */
export function wantedSignals(environment: Environment): WantedSignals {
  const disabled = environment['OTEL_SDK_DISABLED']?.trim().toLowerCase() === 'true';
  const wanted = (signal: 'TRACES' | 'METRICS' | 'LOGS') => {
    if (disabled) return false;
    const exporter = environment[`OTEL_${signal}_EXPORTER`]?.trim();
    if (exporter !== undefined && exporter !== '') return !exporter.split(',').includes('none');
    return (
      isGiven(environment[`OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`]) ||
      isGiven(environment['OTEL_EXPORTER_OTLP_ENDPOINT'])
    );
  };
  return { traces: wanted('TRACES'), metrics: wanted('METRICS'), logs: wanted('LOGS') };
}

function isGiven(text: string | undefined): boolean {
  return text !== undefined && text.trim() !== '';
}
