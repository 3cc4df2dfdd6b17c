import { AsyncLocalStorage } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';
import {
  type Context,
  type ContextManager,
  context,
  createTraceState,
  isSpanContextValid,
  ROOT_CONTEXT,
  type SpanContext,
  trace,
} from '@opentelemetry/api';

/** A place in a trace as it travels between processes (W3C Trace Context). */
export interface TraceContext {
  readonly traceparent: string;
  readonly tracestate?: string;
}

const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const LONGEST_TRACESTATE = 512;

/** The span around the present call as it is sent on; undefined outside any span. */
export function currentTraceContext(): TraceContext | undefined {
  const spanContext = trace.getSpanContext(context.active());
  if (spanContext === undefined || !isSpanContextValid(spanContext)) return undefined;
  const { traceId, spanId, traceFlags, traceState } = spanContext;
  const tracestate = traceState?.serialize() ?? '';
  return {
    traceparent: `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`,
    ...(tracestate === '' ? {} : { tracestate }),
  };
}

/** Ids of the present span under their log field names; empty outside any span. */
export function currentSpanIds(): { trace_id?: string; span_id?: string } {
  const spanContext = trace.getSpanContext(context.active());
  if (spanContext === undefined || !isSpanContextValid(spanContext)) return {};
  return { trace_id: spanContext.traceId, span_id: spanContext.spanId };
}

/**
 * A trace context from headers of another process; undefined when it is missing or malformed,
 * because a bad header of a caller must not fail its call.
 */
export function parseTraceContext(
  traceparent: string | undefined,
  tracestate?: string,
): TraceContext | undefined {
  if (traceparent === undefined || remoteSpanContext({ traceparent }) === undefined) {
    return undefined;
  }
  const usable =
    tracestate !== undefined && tracestate !== '' && tracestate.length <= LONGEST_TRACESTATE;
  return { traceparent, ...(usable ? { tracestate } : {}) };
}

/** The OpenTelemetry context in which `parent` is the present span. */
export function contextOf(parent: TraceContext): Context {
  const remote = remoteSpanContext(parent);
  return remote === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, remote);
}

function remoteSpanContext({ traceparent, tracestate }: TraceContext): SpanContext | undefined {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(traceparent) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  const remote: SpanContext = {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16) & 1,
    isRemote: true,
    ...(tracestate === undefined ? {} : { traceState: createTraceState(tracestate) }),
  };
  return isSpanContextValid(remote) ? remote : undefined;
}

/** Ids for a trace that nobody records, so that log lines of one call still belong together. */
export function unrecordedSpanContext(): SpanContext {
  return {
    traceId: randomBytes(16).toString('hex'),
    spanId: randomBytes(8).toString('hex'),
    traceFlags: 0,
  };
}

/**
 * Carries the present context across awaits. OpenTelemetry brings its own when it is started;
 * without it this one is enough, and costs a hundredth of its start.
 */
class StoredContext implements ContextManager {
  readonly #storage = new AsyncLocalStorage<Context>();

  active(): Context {
    return this.#storage.getStore() ?? ROOT_CONTEXT;
  }

  with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    given: Context,
    fn: F,
    thisArg?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    // Reflect.apply is untyped; fn returns what its type says.
    return this.#storage.run(given, () => Reflect.apply(fn, thisArg, args) as ReturnType<F>);
  }

  bind<T>(given: Context, target: T): T {
    if (typeof target !== 'function') return target;
    const bound = (...args: unknown[]) =>
      this.#storage.run(given, (): unknown => Reflect.apply(target, undefined, args));
    // A function of the same shape: it only enters the context first.
    return bound as T;
  }

  enable(): this {
    return this;
  }

  disable(): this {
    this.#storage.disable();
    return this;
  }
}

let carried = false;

/** Makes sure that contexts are carried across awaits, whoever started first. */
export function carryContexts(): void {
  if (carried) return;
  carried = true;
  // Refused, and rightly so, where OpenTelemetry's own manager is already in place.
  context.setGlobalContextManager(new StoredContext());
}
