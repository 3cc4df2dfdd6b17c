import { NovaError } from '@nova/errors';
import { RpcError } from '@nova/rpc';
import { errors } from '../errors.ts';

const REFUSALS = new Set([
  'INVALID_ARGUMENT',
  'UNAUTHENTICATED',
  'PERMISSION_DENIED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'FAILED_PRECONDITION',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
]);

/** What a call of events-service failed with, as an error of nova; anything else as it is. */
export function logFailure(thrown: unknown): unknown {
  if (!(thrown instanceof RpcError)) return thrown;
  const { method, status, message: reason } = thrown;
  const kind = REFUSALS.has(status) ? errors.SERVICE_LOG_REFUSED : errors.SERVICE_LOG_UNAVAILABLE;
  return new NovaError(kind, { method, reason }, { cause: thrown });
}

/** Whether an append was refused for its events, rather than for who sends them or for the log. */
export function areEventsRefused(thrown: unknown): thrown is RpcError {
  if (!(thrown instanceof RpcError)) return false;
  return thrown.status === 'INVALID_ARGUMENT' || thrown.reason === 'RPC_TOO_LARGE';
}

/** The answer of a call, or its failure as an error of nova. */
export async function answered<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (thrown) {
    throw logFailure(thrown);
  }
}

/** The messages of a stream; its failure as an error of nova. */
export async function* streamed<T>(stream: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* stream;
  } catch (thrown) {
    throw logFailure(thrown);
  }
}
