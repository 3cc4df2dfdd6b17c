import { randomUUID } from 'node:crypto';
import {
  status as grpcStatus,
  Metadata,
  type ServerInterceptingCallInterface,
} from '@grpc/grpc-js';
import { isNovaError, NovaError } from '@nova/errors';
import type { Message } from '@nova/proto/runtime';
import { type Logger, parseTraceContext, spanAttributes, withSpan } from '@nova/telemetry';
import type { Call } from './call.ts';
import { logFailure } from './call-log.ts';
import { countCall } from './call-metrics.ts';
import { type Caller, describePolicy, permits } from './caller.ts';
import { CORRELATION_HEADER, correlationIdOf } from './correlation.ts';
import type { Door, DoorHost } from './door.ts';
import { asNovaError, statusFor } from './error-status.ts';
import { errors } from './errors.ts';
import { http2StreamOf } from './http2-stream.ts';
import type { RequestHeaders } from './identity.ts';
import { readsMany, type ServedMethod } from './implement.ts';
import { errorFromLibrary } from './library-status.ts';
import { pump } from './pump.ts';
import { requestHeaders } from './request-headers.ts';
import { RequestReader } from './request-reader.ts';
import { ResponseWriter } from './response-writer.ts';
import { tellStatus } from './tell-status.ts';
import { codeOf, type WireStatus } from './wire-status.ts';

/** What the calls of one server share. */
export interface CallHost extends DoorHost {
  /** The calls in work. */
  readonly calls: Set<ServerCall>;
  readonly door: Door;
}

const ANONYMOUS: Caller = { principal: 'anonymous', roles: new Set(), actsForOthers: false };
const OK: WireStatus = { status: 'OK', message: '' };

/**
 * One call from its headers to its status. It stands in for the library's own handling, which
 * answers a caller's mistakes with INTERNAL, shows the text of what a method throws, knows no
 * default deadline and reads a request before asking who sends it.
 */
export class ServerCall {
  readonly #host: CallHost;
  readonly #method: ServedMethod;
  readonly #base: ServerInterceptingCallInterface;
  readonly #sendStatus: ServerInterceptingCallInterface['sendStatus'];
  readonly #abort = new AbortController();
  readonly #startedAt = performance.now();
  readonly #reader: RequestReader;
  #writer: ResponseWriter | undefined;
  #timer: NodeJS.Timeout | undefined;
  #correlationId: string = randomUUID();
  #finished = false;
  #leave: () => void = () => {};

  constructor(host: CallHost, method: ServedMethod, base: ServerInterceptingCallInterface) {
    this.#host = host;
    this.#method = method;
    this.#base = base;
    this.#reader = new RequestReader(method.descriptor.input, () => base.startRead());
    this.#sendStatus = base.sendStatus.bind(base);
    // The library ends calls by itself (deadline, broken compression, too much data): those too
    // get our status and details.
    base.sendStatus = ({ code }) => {
      this.#fail(errorFromLibrary(code, this.#reader.complete, host.limits));
    };
  }

  serve(): void {
    this.#host.calls.add(this);
    this.#base.start({
      onReceiveMetadata: (metadata) => void this.#run(metadata),
      onReceiveMessage: (bytes: Uint8Array) => this.#reader.receive(bytes),
      onReceiveHalfClose: () => this.#reader.end(),
      onCancel: () => {
        // Also told at the end of every call that went well; an error would be made for nothing.
        if (!this.#finished) this.#fail(new NovaError(errors.RPC_CANCELLED));
      },
    });
  }

  /** Ends the call when it may last for ever; others have until the server gives up waiting. */
  drain(): void {
    const { methodKind } = this.#method.descriptor;
    if (methodKind !== 'unary') this.giveUp();
  }

  /** Ends the call because the server stops. */
  giveUp(): void {
    this.#fail(new NovaError(errors.RPC_DRAINING));
  }

  async #run(metadata: Metadata): Promise<void> {
    try {
      const stream = http2StreamOf(this.#base);
      const headers = requestHeaders(metadata, this.#host.limits, stream);
      this.#correlationId = correlationIdOf(headers);
      if (this.#method.policy === 'public') return await this.#answer(headers, ANONYMOUS);
      const [traceparent] = headers.all('traceparent');
      const parent = parseTraceContext(traceparent, headers.all('tracestate').join(','));
      const { parent: service, name } = this.#method.descriptor;
      await withSpan(
        this.#method.fullName,
        {
          kind: 'server',
          ...(parent === undefined ? {} : { parent }),
          attributes: {
            [spanAttributes.rpcSystem]: 'grpc',
            [spanAttributes.rpcService]: service.typeName,
            [spanAttributes.rpcMethod]: name,
            [spanAttributes.correlationId]: this.#correlationId,
          },
        },
        async (span) => {
          try {
            if (this.#host.draining()) throw new NovaError(errors.RPC_DRAINING);
            const caller = await this.#identify(headers);
            await this.#admit(caller);
            await this.#answer(headers, caller);
            span.setAttributes({ [spanAttributes.rpcStatus]: grpcStatus.OK });
          } catch (thrown) {
            // Told here, inside the span, so that the log line carries its ids.
            const error = this.#fail(thrown);
            span.setAttributes({ [spanAttributes.rpcStatus]: codeOf(error.kind.status) });
            if (error.kind.blame !== 'caller') span.fail(error.code);
          }
        },
      );
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  async #identify(headers: RequestHeaders): Promise<Caller> {
    const { policy, fullName } = this.#method;
    if (policy === 'public') return ANONYMOUS;
    const caller = await this.#host.identity.identify({
      headers,
      peer: this.#base.getPeer(),
      certificate: this.#base.getAuthContext().sslPeerCertificate?.raw,
    });
    if (permits(policy, caller)) return caller;
    throw new NovaError(errors.RPC_PERMISSION_DENIED, {
      method: fullName,
      needed: describePolicy(policy),
    });
  }

  async #admit(caller: Caller): Promise<void> {
    const { admission, door } = this.#host;
    try {
      this.#leave = admission.enter(caller);
      // It may have ended while its caller was identified.
      if (this.#finished) this.#leave();
      await admission.pace(caller);
    } catch (thrown) {
      door.remember(http2StreamOf(this.#base), caller);
      throw thrown;
    }
  }

  async #answer(headers: RequestHeaders, caller: Caller): Promise<void> {
    const { descriptor, invoke } = this.#method;
    const input = readsMany(this.#method) ? this.#reader.all() : await this.#singleRequest();
    const call = this.#call(headers, caller);
    const writer = new ResponseWriter(
      this.#base,
      descriptor.output,
      this.#correlationId,
      this.#host.limits,
    );
    if (this.#finished) return;
    this.#writer = writer;
    const answer = invoke(input, call);
    if (Symbol.asyncIterator in answer)
      await pump(answer, this.#abort.signal, writer, (thrown) => void this.#fail(thrown));
    else await writer.send(await answer);
    this.#finish(OK);
  }

  async #singleRequest(): Promise<Message> {
    const { uploadMs } = this.#host.limits;
    const slow = setTimeout(() => {
      this.#fail(new NovaError(errors.RPC_UPLOAD_TOO_SLOW, { ms: uploadMs }));
    }, uploadMs);
    try {
      return await this.#reader.single();
    } finally {
      clearTimeout(slow);
    }
  }

  #call(headers: RequestHeaders, caller: Caller): Call {
    const method = this.#method.fullName;
    const correlationId = this.#correlationId;
    const deadline = this.#deadline();
    const { logger } = this.#host;
    let callLogger: Logger | undefined;
    return {
      caller,
      method,
      correlationId,
      headers,
      peer: this.#base.getPeer(),
      signal: this.#abort.signal,
      remainingMs: () => Math.max(0, deadline - Date.now()),
      get logger() {
        callLogger ??= logger.child({ method, correlation_id: correlationId });
        return callLogger;
      },
    };
  }

  // The library keeps the caller's deadline itself; a call without one gets ours.
  #deadline(): number {
    const given = this.#base.getDeadline();
    const at = given instanceof Date ? given.getTime() : given;
    const { methodKind } = this.#method.descriptor;
    const endless = methodKind === 'server_streaming' || methodKind === 'bidi_streaming';
    if (at !== Number.POSITIVE_INFINITY || endless) return at;
    const { deadlineMs } = this.#host.limits;
    this.#timer = setTimeout(() => {
      this.#fail(new NovaError(errors.RPC_DEADLINE_EXCEEDED));
    }, deadlineMs);
    return Date.now() + deadlineMs;
  }

  #fail(thrown: unknown): NovaError {
    const error = asNovaError(thrown);
    if (this.#finished) {
      this.#logLate(thrown);
      return error;
    }
    logFailure(this.#host.logger, error, this.#logFields());
    this.#finish(statusFor(error, this.#correlationId));
    this.#abort.abort(error);
    return error;
  }

  // Methods that were told to stop mostly throw because of it; anything else is worth knowing.
  #logLate(thrown: unknown): void {
    const { aborted } = this.#abort.signal;
    const reason: unknown = this.#abort.signal.reason;
    const told = thrown === reason || (thrown instanceof Error && thrown.name === 'AbortError');
    if (!aborted || told || isNovaError(thrown)) return;
    const fields = { component: 'rpc', ...this.#logFields(), err: thrown };
    this.#host.logger.warn(fields, 'a method failed after its call had ended');
  }

  #logFields() {
    return {
      method: this.#method.fullName,
      correlation_id: this.#correlationId,
      duration_ms: Math.round(performance.now() - this.#startedAt),
    };
  }

  #finish(given: WireStatus): void {
    if (this.#finished) return;
    this.#finished = true;
    clearTimeout(this.#timer);
    this.#host.calls.delete(this);
    this.#leave();
    const metadata = new Metadata();
    metadata.set(CORRELATION_HEADER, this.#correlationId);
    if (given.details !== undefined) {
      metadata.set('grpc-status-details-bin', Buffer.from(given.details));
    }
    const tell = () => {
      this.#sendStatus({ code: codeOf(given.status), details: given.message, metadata });
    };
    this.#writer?.close();
    const beganMsAgo = performance.now() - this.#startedAt;
    const isComplete = this.#reader.complete;
    const isUnwanted = this.#host.draining();
    const request = { isComplete, isSingle: !readsMany(this.#method), beganMsAgo, isUnwanted };
    tellStatus(http2StreamOf(this.#base), request, this.#host.limits, tell);
    this.#reader.end();
    countCall(this.#method, given.status, beganMsAgo);
  }
}
