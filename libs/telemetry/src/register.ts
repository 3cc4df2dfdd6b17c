/**
 * Preload of services: `node --import @nova/telemetry/register src/main.ts`. Starts OpenTelemetry
 * when the standard OTEL_* variables name somewhere to send to; otherwise it costs nothing.
 */
import { processEnvironment } from '@nova/config';
import { wantedSignals } from './wanted-signals.ts';

const wanted = wantedSignals(processEnvironment);
if (wanted.traces || wanted.metrics || wanted.logs) {
  // Loaded only here: the SDK takes about 0.4 s and 30 MB.
  const { startOpenTelemetry } = await import('./start-open-telemetry.ts');
  startOpenTelemetry(wanted);
}
