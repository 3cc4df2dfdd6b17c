/**
 * What a server takes before it says no. Times in milliseconds.
 *
 * How often a caller may ping has no limit of ours: clients in Go measure the line with pings, one
 * per round trip while data flows, and HTTP/2 ends a connection that floods.
 */
export interface Limits {
  /** Bytes of one message, either way. */
  readonly messageBytes: number;
  /** Bytes of the headers of one call. Beyond some 140 kB HTTP/2 itself ends the connection. */
  readonly headerBytes: number;
  /** Deadline of a call that brings none. Streams that answer with many messages have none. */
  readonly deadlineMs: number;
  /** Time until a request must be complete. */
  readonly uploadMs: number;
  /** Bytes of answers that may wait for one caller to read them. */
  readonly unreadBytes: number;
  /** Time without any progress after which a caller that does not read is cut off. */
  readonly unreadMs: number;
  /** Calls in work at the same time, of all callers; calls that anybody may make do not count. */
  readonly callsInFlight: number;
  /** Of these, those of one caller. */
  readonly callsPerCaller: number;
  readonly connections: number;
  /** Calls at the same time on one connection. */
  readonly streamsPerConnection: number;
  readonly connectionIdleMs: number;
  readonly connectionAgeMs: number;
  /** Time that calls have to finish when their connection is of age. */
  readonly connectionGraceMs: number;
  /** How often a silent connection is asked whether it is alive, and how long for the answer. */
  readonly keepaliveMs: number;
  readonly keepaliveAnswerMs: number;
  /** Time that calls in work have to finish when the server stops. */
  readonly drainMs: number;
}

/** Limits that suit a service of the mesh. */
export const defaultLimits: Limits = {
  messageBytes: 4 * 1024 * 1024,
  headerBytes: 32 * 1024,
  deadlineMs: 30_000,
  uploadMs: 10_000,
  unreadBytes: 1024 * 1024,
  unreadMs: 30_000,
  callsInFlight: 5000,
  callsPerCaller: 1000,
  connections: 2000,
  streamsPerConnection: 500,
  connectionIdleMs: 300_000,
  connectionAgeMs: 3_600_000,
  connectionGraceMs: 60_000,
  keepaliveMs: 30_000,
  keepaliveAnswerMs: 10_000,
  drainMs: 10_000,
};
