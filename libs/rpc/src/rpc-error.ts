import type { Metadata } from '@grpc/grpc-js';
import { messageOf, type Violation } from '@nova/errors';
import { decodeDetails, type ErrorDetails } from './error-details.ts';
import { type RpcStatus, statusOf } from './wire-status.ts';

const NO_DETAILS: ErrorDetails = {
  reason: '',
  metadata: {},
  violations: [],
  retryAfterMs: undefined,
};

/** A call that another server, or the way to it, did not answer well. */
export class RpcError extends Error {
  readonly status: RpcStatus;
  /** The error's code at the other server without `NOVA_`; empty when it is not one of nova's. */
  readonly reason: string;
  readonly violations: readonly Violation[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly retryAfterMs: number | undefined;
  /** `events.EventsService/PublishEvent` */
  readonly method: string;
  readonly correlationId: string | undefined;

  constructor(
    message: string,
    fields: Omit<RpcError, keyof Error | 'status'> & { readonly status: RpcStatus },
    cause?: unknown,
  ) {
    super(message, cause === undefined ? {} : { cause });
    this.name = 'RpcError';
    this.status = fields.status;
    this.reason = fields.reason;
    this.violations = fields.violations;
    this.metadata = fields.metadata;
    this.retryAfterMs = fields.retryAfterMs;
    this.method = fields.method;
    this.correlationId = fields.correlationId;
  }
}

interface FailedCall {
  readonly code: number;
  readonly details: string;
  readonly metadata: Metadata;
}

/**
 * The error of a failed call, with the details that the server sent. What the library throws
 * before it sends anything is a misuse of the client.
 */
export function rpcErrorFrom(thrown: unknown, method: string): RpcError {
  if (!isFailedCall(thrown)) {
    return new RpcError(
      messageOf(thrown),
      { ...NO_DETAILS, status: 'INTERNAL', method, correlationId: undefined },
      thrown,
    );
  }
  const [encoded] = thrown.metadata.get('grpc-status-details-bin');
  const details = Buffer.isBuffer(encoded) ? decodeDetails(encoded) : undefined;
  const [correlationId] = thrown.metadata.get('correlation-id');
  const status = statusOf(thrown.code);
  return new RpcError(thrown.details, {
    ...(details ?? NO_DETAILS),
    status: status === 'OK' ? 'UNKNOWN' : status,
    method,
    correlationId: typeof correlationId === 'string' ? correlationId : undefined,
  });
}

function isFailedCall(thrown: unknown): thrown is FailedCall {
  return (
    thrown instanceof Error &&
    'code' in thrown &&
    typeof thrown.code === 'number' &&
    'details' in thrown &&
    'metadata' in thrown
  );
}
