import { status as grpcStatus } from '@grpc/grpc-js';
import type { Status } from '@nova/errors';

/** Every status of gRPC; those beyond nova's own come from other servers and from libraries. */
export type RpcStatus = Status | 'UNKNOWN' | 'OUT_OF_RANGE' | 'DATA_LOSS';

/** How a call ends on the wire. */
export interface WireStatus {
  readonly status: RpcStatus | 'OK';
  readonly message: string;
  /** `google.rpc.Status`, encoded. */
  readonly details?: Uint8Array;
}

const NAMES: readonly (RpcStatus | 'OK')[] = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
];

/** The number of a status. */
export function codeOf(status: RpcStatus | 'OK'): grpcStatus {
  return grpcStatus[status];
}

/** The status of a number; UNKNOWN for numbers that gRPC does not have. */
export function statusOf(code: number): RpcStatus | 'OK' {
  return NAMES[code] ?? 'UNKNOWN';
}
