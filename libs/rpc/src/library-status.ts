import { status as grpcStatus } from '@grpc/grpc-js';
import { errors as commonErrors, NovaError } from '@nova/errors';
import { errors } from './errors.ts';
import type { Limits } from './limits.ts';

/**
 * What the library means when it ends a call by itself. It has one number for a caller's broken
 * request and for a connection that breaks while we answer: whether the request was whole tells
 * them apart.
 */
export function errorFromLibrary(
  code: grpcStatus,
  requestComplete: boolean,
  limits: Pick<Limits, 'messageBytes'>,
): NovaError {
  if (code === grpcStatus.RESOURCE_EXHAUSTED) {
    return new NovaError(errors.RPC_TOO_LARGE, { what: 'a message', limit: limits.messageBytes });
  }
  if (code === grpcStatus.DEADLINE_EXCEEDED) return new NovaError(errors.RPC_DEADLINE_EXCEEDED);
  if (code === grpcStatus.UNIMPLEMENTED) return new NovaError(errors.RPC_ENCODING_UNKNOWN);
  if (code !== grpcStatus.INTERNAL) return new NovaError(commonErrors.INTERNAL_BUG);
  if (requestComplete) return new NovaError(errors.RPC_CANCELLED);
  return new NovaError(errors.RPC_UNDECODABLE, {
    problem: 'its compression is broken, or grpc-timeout is not a duration',
  });
}
