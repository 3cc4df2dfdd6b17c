import { type ErrorKind, messageOf, NovaError } from '@nova/errors';
import { errors } from './errors.ts';

// Answers about the size of what was sent.
const SIZES = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE']);

// Answers about the records themselves, whoever sends them and whenever.
const OF_RECORDS = new Set([
  ...SIZES,
  'INVALID_RECORD',
  'INVALID_TIMESTAMP',
  'UNSUPPORTED_FOR_MESSAGE_FORMAT',
]);

// Answers of a broker that the same request gets again until somebody changes something.
const REFUSALS = new Set([
  ...OF_RECORDS,
  'INVALID_CONFIG',
  'INVALID_PARTITIONS',
  'INVALID_REPLICATION_FACTOR',
  'INVALID_TOPIC_EXCEPTION',
  'POLICY_VIOLATION',
  'SASL_AUTHENTICATION_FAILED',
  'UNSUPPORTED_SASL_MECHANISM',
  'TOPIC_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
]);

/** Errors inside errors that are looked at: each attempt of a client brings several. */
const MOST_ERRORS = 200;

/** The protocol error that a broker gave, from anywhere in the causes; undefined without one. */
export function brokerErrorType(thrown: unknown): string | undefined {
  for (const error of everyError(thrown)) {
    const type = typeOf(error);
    if (type !== undefined) return type;
  }
  return undefined;
}

/** What a broker says is wrong with the records of a send; undefined when it is something else. */
export function recordFault(thrown: unknown): { readonly isSize: boolean } | undefined {
  const type = brokerErrorType(thrown);
  if (type === undefined || !OF_RECORDS.has(type)) return undefined;
  return { isSize: SIZES.has(type) };
}

/** Wraps whatever the client library threw; nothing of it leaves this lib unwrapped. */
export function driverError(thrown: unknown, brokers: readonly string[], what: string): NovaError {
  const type = brokerErrorType(thrown);
  const kind: ErrorKind =
    type !== undefined && REFUSALS.has(type) ? errors.KAFKA_REFUSED : errors.KAFKA_UNAVAILABLE;
  const reason = type === undefined ? innermost(thrown) : `${type}, ${messageOf(thrown)}`;
  return new NovaError(kind, { brokers: brokers.join(','), what, reason }, { cause: thrown });
}

/** The error and those within it, those nearest first; ends with causes that go round. */
function* everyError(thrown: unknown): Generator<Error> {
  const seen = new Set<unknown>();
  const left: unknown[] = [thrown];
  while (left.length > 0) {
    const error = left.shift();
    if (!isError(error) || seen.has(error) || seen.size > MOST_ERRORS) continue;
    seen.add(error);
    yield error;
    const within: readonly unknown[] =
      'errors' in error && Array.isArray(error.errors) ? error.errors : [];
    left.push(...within, error.cause);
  }
}

// Those of Node's own code are of another realm where specs run.
function isError(thrown: unknown): thrown is Error {
  return typeof thrown === 'object' && thrown !== null && 'message' in thrown;
}

// kafkajs names it in `type`, but not a wrong password; @platformatic/kafka in `apiId`, but not where
// its metadata lack a topic.
function typeOf(error: Error): string | undefined {
  if ('type' in error && typeof error.type === 'string') return error.type;
  if ('apiId' in error && typeof error.apiId === 'string') return error.apiId;
  if (error.name === 'KafkaJSSASLAuthenticationError') return 'SASL_AUTHENTICATION_FAILED';
  const isOfUser = 'code' in error && error.code === 'PLT_KFK_USER';
  return isOfUser && error.message.startsWith('Unknown topic ')
    ? 'UNKNOWN_TOPIC_OR_PARTITION'
    : undefined;
}

// "produce failed 6 times" alone helps nobody.
function innermost(thrown: unknown): string {
  const messages = [...everyError(thrown)].map(({ message }) => message);
  const [first, last] = [messages[0], messages.at(-1)];
  if (first === undefined || last === undefined) return messageOf(thrown);
  return first === last ? first : `${first} (${last})`;
}
