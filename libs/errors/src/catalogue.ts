/** gRPC status names that nova answers with; `conventions` §3 says which means what. */
export type Status =
  | 'INVALID_ARGUMENT'
  | 'UNAUTHENTICATED'
  | 'PERMISSION_DENIED'
  | 'NOT_FOUND'
  | 'ALREADY_EXISTS'
  | 'ABORTED'
  | 'FAILED_PRECONDITION'
  | 'RESOURCE_EXHAUSTED'
  | 'UNAVAILABLE'
  | 'DEADLINE_EXCEEDED'
  | 'CANCELLED'
  | 'UNIMPLEMENTED'
  | 'INTERNAL';

/** Whether the same call may succeed later: never, after a pause, or once a connection is back. */
export type RetryClass = 'never' | 'backoff' | 'after-reconnect';

/** Who can mend it. */
export type Blame = 'caller' | 'operator' | 'bug';

/** One row of an error table. `message` may name parameters as `{parameter}`. */
export interface ErrorRow {
  readonly message: string;
  readonly status: Status;
  readonly retry: RetryClass;
  readonly blame: Blame;
  /** One line that tells the operator or caller what to do. */
  readonly hint: string;
}

/** A row together with its stable code, `NOVA_<AREA>_<WHAT>`. */
export interface ErrorKind extends ErrorRow {
  readonly code: string;
}

const REASON = /^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$/;

/**
 * Declares an error table. Keys are the codes without the `NOVA_` prefix, which is also the
 * `reason` that travels in ErrorInfo.
 *
 * @throws TypeError when a key is not of the form AREA_WHAT.
 */
export function defineErrors<const Rows extends Record<string, ErrorRow>>(
  rows: Rows,
): { readonly [Reason in keyof Rows]: ErrorKind } {
  const kinds: Record<string, ErrorKind> = {};
  for (const [reason, row] of Object.entries(rows)) {
    if (!REASON.test(reason)) throw new TypeError(`error reason ${reason} is not AREA_WHAT`);
    kinds[reason] = Object.freeze({ code: `NOVA_${reason}`, ...row });
  }
  // Each key of Rows was copied above, which the index signature cannot express.
  return Object.freeze(kinds) as { readonly [Reason in keyof Rows]: ErrorKind };
}

/** The reason of a kind as it travels in ErrorInfo: its code without the prefix. */
export function reasonOf(kind: ErrorKind): string {
  return kind.code.slice('NOVA_'.length);
}
