import type { Metadata } from '@grpc/grpc-js';
import type { Violation } from '@nova/errors';
import { decodeDetails } from './error-details.ts';
import { type RpcStatus, statusOf } from './wire-status.ts';

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

/** What the library hands over when a call fails. */
export interface FailedCall {
  readonly code: number;
  readonly details: string;
  readonly metadata: Metadata;
}

/** Recognises the library's failure among other thrown things. */
export function isFailedCall(thrown: unknown): thrown is FailedCall {
  return (
    thrown instanceof Error &&
    'code' in thrown &&
    typeof thrown.code === 'number' &&
    'details' in thrown &&
    'metadata' in thrown
  );
}

/** The error of a failed call, with the details that the server sent. */
export function rpcErrorFrom(failed: FailedCall, method: string): RpcError {
  const [encoded] = failed.metadata.get('grpc-status-details-bin');
  const details = Buffer.isBuffer(encoded) ? decodeDetails(encoded) : undefined;
  const [correlationId] = failed.metadata.get('correlation-id');
  const status = statusOf(failed.code);
  return new RpcError(failed.details, {
    status: status === 'OK' ? 'UNKNOWN' : status,
    reason: details?.reason ?? '',
    violations: details?.violations ?? [],
    metadata: details?.metadata ?? {},
    retryAfterMs: details?.retryAfterMs,
    method,
    correlationId: typeof correlationId === 'string' ? correlationId : undefined,
  });
}
