import { type ErrorKind, messageOf, NovaError } from '@nova/errors';
import { errors } from './errors.ts';

// Answers of a broker that the same request gets again until somebody changes something.
const REFUSALS = new Set([
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'INVALID_RECORD',
  'INVALID_TIMESTAMP',
  'INVALID_CONFIG',
  'INVALID_PARTITIONS',
  'INVALID_REPLICATION_FACTOR',
  'INVALID_TOPIC_EXCEPTION',
  'POLICY_VIOLATION',
  'SASL_AUTHENTICATION_FAILED',
  'TOPIC_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'UNSUPPORTED_FOR_MESSAGE_FORMAT',
]);

/** The protocol error that a broker gave, from anywhere in the causes; undefined without one. */
export function brokerErrorType(thrown: unknown): string | undefined {
  let current = thrown;
  for (let depth = 0; depth < 8 && current instanceof Error; depth += 1) {
    if ('type' in current && typeof current.type === 'string') return current.type;
    if (current instanceof AggregateError || 'errors' in current) {
      const inner: unknown = Array.isArray(current.errors) ? current.errors[0] : undefined;
      current = inner;
    } else current = current.cause;
  }
  return undefined;
}

/** Wraps whatever the client library threw; nothing of it leaves this lib unwrapped. */
export function driverError(thrown: unknown, brokers: readonly string[], what: string): NovaError {
  const type = brokerErrorType(thrown);
  const kind: ErrorKind =
    type !== undefined && REFUSALS.has(type) ? errors.KAFKA_REFUSED : errors.KAFKA_UNAVAILABLE;
  const reason = type === undefined ? messageOf(thrown) : `${type}, ${messageOf(thrown)}`;
  return new NovaError(kind, { brokers: brokers.join(','), what, reason }, { cause: thrown });
}
