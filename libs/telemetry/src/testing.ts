import { SpanKind, trace } from '@opentelemetry/api';
import {
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { carryContexts } from './trace-context.ts';
import type { SpanRole } from './tracing.ts';

/** A finished span as a spec looks at it. */
export interface RecordedSpan {
  readonly name: string;
  readonly kind: SpanRole;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** Trace ids of the linked spans. */
  readonly links: readonly string[];
  readonly failed: boolean;
}

/** Collects the spans of this process while a spec runs. */
export interface SpanRecorder {
  /** Spans that have ended, oldest first. */
  spans(): readonly RecordedSpan[];
  reset(): void;
  /** Takes the recorder out again. */
  stop(): Promise<void>;
}

const STATUS_ERROR = 2;
const ROLES: Record<SpanKind, SpanRole> = {
  [SpanKind.INTERNAL]: 'internal',
  [SpanKind.SERVER]: 'server',
  [SpanKind.CLIENT]: 'client',
  [SpanKind.PRODUCER]: 'producer',
  [SpanKind.CONSUMER]: 'consumer',
};

/** Records every span of this process in memory. One at a time. */
export function recordSpans(): SpanRecorder {
  carryContexts();
  const exporter = new InMemorySpanExporter();
  // Named, not positional: given as a bare argument the exporter is ignored without a word.
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  trace.setGlobalTracerProvider(provider);
  return {
    spans: () => exporter.getFinishedSpans().map(recorded),
    reset: () => exporter.reset(),
    async stop() {
      trace.disable();
      await provider.shutdown();
    },
  };
}

function recorded(span: ReadableSpan): RecordedSpan {
  const { traceId, spanId } = span.spanContext();
  return {
    name: span.name,
    kind: ROLES[span.kind],
    traceId,
    spanId,
    parentSpanId: span.parentSpanContext?.spanId,
    attributes: span.attributes,
    links: span.links.map((link) => link.context.traceId),
    failed: span.status.code === STATUS_ERROR,
  };
}
