import {
  type Attributes,
  context,
  isSpanContextValid,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { serializeError } from './serialize-error.ts';
import {
  carryContexts,
  contextOf,
  type TraceContext,
  unrecordedSpanContext,
} from './trace-context.ts';

/** What a span stands for, as in OpenTelemetry. */
export type SpanRole = 'internal' | 'server' | 'client' | 'producer' | 'consumer';

/** How a span begins. */
export interface SpanStart {
  readonly kind?: SpanRole;
  /** Names of the OpenTelemetry semantic conventions (`span-names.ts`). Never payloads. */
  readonly attributes?: Attributes;
  /** Where the trace comes from when that is not the present call: a header, a stored event. */
  readonly parent?: TraceContext;
  /** Spans that belong to it without being its parent, such as the events of a batch. */
  readonly links?: readonly TraceContext[];
}

/** The span as its work may still describe it. */
export interface RunningSpan {
  setAttributes(attributes: Attributes): void;
  /** Marks the span as failed although the work does not throw. */
  fail(reason: string): void;
}

const KIND: Record<SpanRole, SpanKind> = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
};

/**
 * Runs `work` inside a span: log lines carry its ids, and calls made within belong to it. When
 * nothing records spans the ids still exist, so that the lines of one call can be found together.
 * Whatever `work` throws is recorded and thrown on.
 */
export function withSpan<T>(
  name: string,
  start: SpanStart,
  work: (span: RunningSpan) => Promise<T>,
): Promise<T> {
  carryContexts();
  const parent = start.parent === undefined ? context.active() : contextOf(start.parent);
  const span = begin(name, start, parent);
  return context.with(trace.setSpan(parent, span), async () => {
    try {
      return await work(describer(span));
    } catch (thrown) {
      recordFailure(span, thrown);
      throw thrown;
    } finally {
      span.end();
    }
  });
}

function begin(name: string, start: SpanStart, parent: ReturnType<typeof contextOf>): Span {
  const span = trace.getTracer('nova').startSpan(
    name,
    {
      kind: KIND[start.kind ?? 'internal'],
      attributes: start.attributes ?? {},
      links: (start.links ?? []).flatMap((link) => {
        const linked = trace.getSpanContext(contextOf(link));
        return linked === undefined ? [] : [{ context: linked }];
      }),
    },
    parent,
  );
  // Without a recorder and without a parent the API hands out a span without ids.
  return isSpanContextValid(span.spanContext())
    ? span
    : trace.wrapSpanContext(unrecordedSpanContext());
}

function describer(span: Span): RunningSpan {
  return {
    setAttributes: (attributes) => void span.setAttributes(attributes),
    fail: (reason) => void span.setStatus({ code: SpanStatusCode.ERROR, message: reason }),
  };
}

function recordFailure(span: Span, thrown: unknown): void {
  const { type, message, code } = serializeError(thrown);
  span.recordException({ name: code ?? type, message });
  span.setStatus({ code: SpanStatusCode.ERROR, message: code ?? type });
  span.setAttribute('error.type', code ?? type);
}
