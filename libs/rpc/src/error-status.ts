import { errors as commonErrors, isNovaError, NovaError, reasonOf } from '@nova/errors';
import { boundedText, encodeDetails } from './error-details.ts';
import { errors } from './errors.ts';
import { RpcError } from './rpc-error.ts';
import { codeOf, type WireStatus } from './wire-status.ts';

const RETRY_AFTER_MS = { never: undefined, backoff: 100, 'after-reconnect': 1000 } as const;

/**
 * What was thrown as one of nova's errors. Anything else is a bug; a failed call to another
 * service is that service's absence, or a bug of ours: its text is not for our caller.
 */
export function asNovaError(thrown: unknown): NovaError {
  if (isNovaError(thrown)) return thrown;
  if (thrown instanceof RpcError && isAbsence(thrown)) {
    return new NovaError(errors.RPC_UPSTREAM_UNAVAILABLE, {}, { cause: thrown });
  }
  return new NovaError(commonErrors.INTERNAL_BUG, {}, { cause: thrown });
}

/** How `error` ends the call. Errors of status INTERNAL say nothing but where to look. */
export function statusFor(error: NovaError, correlationId: string): WireStatus {
  const { status, retry } = error.kind;
  const hidden = status === 'INTERNAL';
  const message = hidden
    ? `internal error (correlation id ${correlationId})`
    : boundedText(error.message);
  return {
    status,
    message,
    details: encodeDetails(codeOf(status), message, {
      reason: reasonOf(error.kind),
      metadata: hidden ? { correlation_id: correlationId } : error.metadata,
      violations: hidden ? [] : error.violations,
      retryAfterMs: error.retryAfterMs ?? RETRY_AFTER_MS[retry],
    }),
  };
}

function isAbsence({ status }: RpcError): boolean {
  return (
    status === 'UNAVAILABLE' || status === 'DEADLINE_EXCEEDED' || status === 'RESOURCE_EXHAUSTED'
  );
}
