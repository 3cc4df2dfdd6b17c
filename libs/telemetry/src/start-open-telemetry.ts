import { readFileSync } from 'node:fs';
import { register } from 'node:module';
import { dirname, join } from 'node:path';
import { processEnvironment } from '@nova/config';
import { ProxyTracerProvider, trace } from '@opentelemetry/api';
import { PgInstrumentation } from '@opentelemetry/instrumentation-pg';
import { PinoInstrumentation } from '@opentelemetry/instrumentation-pino';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import { onStopTelemetry } from './stop-telemetry.ts';
import type { WantedSignals } from './wanted-signals.ts';

/**
 * Packages whose calls become spans. gRPC and Kafka are not among them: `@nova/rpc` and the relay make
 * spans of their own. What exists for kafkajs also replaces the `traceparent` of every record with
 * that of a span that belongs to no trace.
 */
const HOOKED = ['pg', 'pg-pool', 'pino'];

/** Starts the SDK for the wanted signals; must run before the hooked packages are imported. */
export function startOpenTelemetry(wanted: WantedSignals): void {
  // ES modules can be changed only while they are loaded. Without this hook only some of the
  // packages would emit, and nothing would tell.
  register('@opentelemetry/instrumentation/hook.mjs', import.meta.url, {
    data: { include: HOOKED },
  });
  const sdk = new NodeSDK({
    serviceName: processEnvironment['OTEL_SERVICE_NAME'] ?? nameOfProgram(process.argv[1]),
    instrumentations: [
      new PgInstrumentation({ requireParentSpan: true }),
      // Ids are already in every line; the instrumentation only sends the lines on.
      ...(wanted.logs ? [new PinoInstrumentation({ disableLogCorrelation: true })] : []),
    ],
    ...(wanted.traces ? {} : { spanProcessors: [] }),
    ...(wanted.metrics ? {} : { metricReaders: [] }),
    ...(wanted.logs ? {} : { logRecordProcessors: [] }),
  });
  sdk.start();
  onStopTelemetry(async () => {
    await flushSpans();
    await sdk.shutdown();
  });
}

// Shutting down the SDK does not wait for spans that are about to be exported.
async function flushSpans(): Promise<void> {
  const proxy = trace.getTracerProvider();
  const provider: unknown = proxy instanceof ProxyTracerProvider ? proxy.getDelegate() : proxy;
  if (provider instanceof TracerProvider) await provider.forceFlush();
}

// The nearest package of the program: `@nova/events-service` is the service `events-service`.
function nameOfProgram(program: string | undefined): string {
  for (let folder = dirname(program ?? '/'); ; folder = dirname(folder)) {
    const name = packageName(join(folder, 'package.json'));
    if (name !== undefined) return name.replace(/^@nova\//, '');
    if (folder === dirname(folder)) return 'nova';
  }
}

function packageName(file: string): string | undefined {
  try {
    const manifest: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof manifest !== 'object' || manifest === null || !('name' in manifest))
      return undefined;
    return typeof manifest.name === 'string' ? manifest.name : undefined;
  } catch {
    return undefined;
  }
}
