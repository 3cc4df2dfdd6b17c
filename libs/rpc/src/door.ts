import { randomUUID } from 'node:crypto';
import type { ServerHttp2Stream } from 'node:http2';
import type { NovaError } from '@nova/errors';
import type { Logger } from '@nova/telemetry';
import type { Admission } from './admission.ts';
import { logFailure } from './call-log.ts';
import { countCall } from './call-metrics.ts';
import type { Caller } from './caller.ts';
import { CORRELATION_HEADER, isCorrelationId } from './correlation.ts';
import { statusFor } from './error-status.ts';
import type { Http2Stream } from './http2-stream.ts';
import type { IdentitySource } from './identity.ts';
import { readsMany, type ServedMethod } from './implement.ts';
import type { Limits } from './limits.ts';
import { rawHeader } from './raw-headers.ts';
import { tellStatus } from './tell-status.ts';
import { codeOf } from './wire-status.ts';

/** What a server has for all of its calls. */
export interface DoorHost {
  readonly logger: Logger;
  readonly identity: IdentitySource;
  readonly limits: Limits;
  readonly admission: Admission;
  draining(): boolean;
}

/** Callers of one connection that are remembered; a gateway calls for many. */
const MOST_CALLERS = 1000;

/**
 * Refuses those at the door who have been refused before and are certain to be refused again: with the
 * same status and details, but before the library makes a call of it, which is most of what a refusal
 * costs. One who calls far too often then takes little from the others.
 */
export class Door {
  readonly #host: DoorHost;
  readonly #methods: ReadonlyMap<string, ServedMethod>;
  /** For each connection, who was refused, by all that they sent to say who they are. */
  readonly #refused = new WeakMap<object, Map<string, Caller>>();

  constructor(host: DoorHost, methods: ReadonlyMap<string, ServedMethod>) {
    this.#host = host;
    this.#methods = methods;
  }

  /** Remembers whose call that was. */
  remember(stream: Http2Stream | undefined, caller: Caller): void {
    const session = stream?.session;
    if (stream === undefined || session === undefined) return;
    const callers = this.#refused.get(session) ?? new Map<string, Caller>();
    if (callers.size >= MOST_CALLERS) callers.clear();
    this.#refused.set(session, callers.set(this.#credentialsOf(stream), caller));
  }

  /** Whether the call was answered here. */
  refuses(stream: ServerHttp2Stream): boolean {
    const callers = stream.session && this.#refused.get(stream.session);
    if (callers === undefined || this.#host.draining()) return false;
    const method = this.#methods.get(rawHeader(stream, ':path')?.[0] ?? '');
    const isGrpc = rawHeader(stream, 'content-type')?.[0]?.startsWith('application/grpc') ?? false;
    if (method === undefined || method.policy === 'public' || !isGrpc) return false;
    const caller = callers.get(this.#credentialsOf(stream));
    const error = caller && this.#host.admission.refusal(caller);
    if (error === undefined) return false;
    this.#refuse(stream, method, error);
    return true;
  }

  #refuse(stream: ServerHttp2Stream, method: ServedMethod, error: NovaError): void {
    const startedAt = performance.now();
    // Without a listener the reset of a stream would end the process.
    stream.on('error', () => {});
    const [given, ...more] = rawHeader(stream, CORRELATION_HEADER) ?? [];
    const isUsable = given !== undefined && more.length === 0 && isCorrelationId(given);
    const correlationId = isUsable ? given : randomUUID();
    const { status, message, details = new Uint8Array() } = statusFor(error, correlationId);
    const tell = () => {
      if (stream.destroyed || stream.closed) return;
      stream.respond(
        {
          ':status': 200,
          'content-type': 'application/grpc+proto',
          'grpc-status': String(codeOf(status)),
          'grpc-message': encodeURI(message),
          'grpc-status-details-bin': Buffer.from(details).toString('base64'),
          [CORRELATION_HEADER]: correlationId,
        },
        { endStream: true },
      );
    };
    const request = { isComplete: false, isSingle: !readsMany(method), beganMsAgo: 0 };
    tellStatus(stream, { ...request, isUnwanted: false }, this.#host.limits, tell);
    logFailure(this.#host.logger, error, {
      method: method.fullName,
      correlation_id: correlationId,
      duration_ms: 0,
    });
    countCall(method, status, performance.now() - startedAt);
  }

  /** Texts cannot hold a line break: HTTP/2 does not allow it. */
  #credentialsOf(stream: object): string {
    const { headers } = this.#host.identity;
    return headers.map((name) => (rawHeader(stream, name) ?? []).join('\n')).join('\n\n');
  }
}
