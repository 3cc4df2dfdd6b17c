import type { Logger } from '@nova/telemetry';
import type { Caller } from './caller.ts';
import type { RequestHeaders } from './identity.ts';

/** One call as its method sees it. */
export interface Call {
  readonly caller: Caller;
  /** `events.EventsService/PublishEvent` */
  readonly method: string;
  /** Given by the caller, else made here; answered as header `correlation-id`. */
  readonly correlationId: string;
  /** Aborts when the caller cancels, the deadline passes or the server must stop. */
  readonly signal: AbortSignal;
  /** Milliseconds until the deadline; Infinity where there is none. */
  remainingMs(): number;
  readonly headers: RequestHeaders;
  /** Address of the other side of the connection. */
  readonly peer: string;
  /** Adds the correlation id and the method to every line. */
  readonly logger: Logger;
}
