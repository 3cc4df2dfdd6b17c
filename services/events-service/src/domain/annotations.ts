import type { Annotations } from '@nova/events';
import { identifierProblem, textProblem, utf8Length } from './text.ts';
import { fieldPath, quoted, type Violations } from './violations.ts';

const MAX_ID_BYTES = 255;
const MAX_METADATA_KEYS = 16;
const MAX_METADATA_BYTES = 4096;

/** What an event may carry besides its payload, as a request gives it. */
export interface GivenAnnotations {
  readonly correlationId: string;
  readonly causationId: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Where a call comes from; it fills in what the request leaves open. */
export interface CallTrace {
  readonly correlationId?: string;
  readonly traceparent?: string;
  readonly tracestate?: string;
}

/** Checks correlation, causation and metadata, and joins them with the trace of the call. */
export function acceptAnnotations(
  given: GivenAnnotations,
  trace: CallTrace,
  prefix: string,
  violations: Violations,
): Annotations {
  checkIdentifier(given.correlationId, fieldPath(prefix, 'correlation_id'), violations);
  checkIdentifier(given.causationId, fieldPath(prefix, 'causation_id'), violations);
  checkMetadata(given.metadata, fieldPath(prefix, 'metadata'), violations);
  const correlationId = given.correlationId || trace.correlationId;
  return {
    ...(correlationId ? { correlationId } : {}),
    ...(given.causationId === '' ? {} : { causationId: given.causationId }),
    ...(trace.traceparent === undefined ? {} : { traceparent: trace.traceparent }),
    ...(trace.tracestate === undefined ? {} : { tracestate: trace.tracestate }),
    ...(Object.keys(given.metadata).length === 0 ? {} : { metadata: { ...given.metadata } }),
  };
}

function checkIdentifier(id: string, field: string, violations: Violations): void {
  const problem = identifierProblem(id, MAX_ID_BYTES);
  if (problem !== undefined) violations.add(field, problem);
}

function checkMetadata(
  metadata: Readonly<Record<string, string>>,
  field: string,
  violations: Violations,
): void {
  const entries = Object.entries(metadata);
  if (entries.length > MAX_METADATA_KEYS) {
    violations.add(field, `must have at most ${MAX_METADATA_KEYS} keys`);
    return;
  }
  if (utf8Length(JSON.stringify(metadata)) > MAX_METADATA_BYTES) {
    violations.add(field, `must have at most ${MAX_METADATA_BYTES} bytes as JSON`);
    return;
  }
  for (const [key, value] of entries) {
    const keyProblem = key === '' ? 'must not have an empty key' : textProblem(key);
    if (keyProblem !== undefined) violations.add(field, keyProblem);
    const valueProblem = textProblem(value);
    if (valueProblem !== undefined) violations.add(`${field}[${quoted(key)}]`, valueProblem);
  }
}
