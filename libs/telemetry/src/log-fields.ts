/**
 * Everything a log line may carry besides `time`, `level`, `msg`, `service`, `trace_id` and
 * `span_id`. The names are those of `conventions` §7 and their kin; a new one is added here, so
 * that the same thing is never logged under two names. Payloads and secrets have no field.
 */
export interface LogFields {
  /** The part that speaks: `relay`, `rpc`, `postgres`. */
  readonly component?: string;

  readonly event_id?: string;
  readonly event_type?: string;
  readonly aggregate_type?: string;
  readonly aggregate_id?: string;
  readonly aggregate_version?: bigint | number;
  readonly position?: bigint | string;

  readonly consumer?: string;
  readonly consumer_group?: string;
  readonly topic?: string;
  readonly partition?: number;
  readonly offset?: bigint | string;
  readonly lane?: number;
  readonly lanes?: number;
  readonly term?: bigint | number;
  readonly relay?: string;

  readonly attempt?: number;
  readonly outcome?: string;
  readonly duration_ms?: number;
  readonly retry_in_ms?: number;
  readonly error_code?: string;
  /** Logged with its class, text, code, stack and causes, credentials in URLs masked. */
  readonly err?: unknown;

  readonly correlation_id?: string;
  readonly method?: string;
  readonly rpc_status?: string;
  readonly principal?: string;
  readonly peer?: string;

  readonly address?: string;
  readonly port?: number;
  readonly pid?: number;
  readonly signal?: string;
  readonly exit_code?: number;
  readonly condition?: string;
  readonly name?: string;
  readonly path?: string;
  readonly mode?: string;
  readonly epoch?: string;
  readonly version?: string;
  readonly count?: number;
  readonly pending?: bigint | number;
  readonly size_bytes?: number;
  /** A short text of our own or of a server; never a payload. */
  readonly reason?: string;
}
