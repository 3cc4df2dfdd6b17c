import { type ErrorKind, isNovaError, NovaError } from '@nova/errors';
import pg from 'pg';
import { errors } from './errors.ts';

// SQLSTATEs, and where a whole class is meant its first two characters:
// postgresql.org/docs/18/errcodes-appendix.html
const KINDS: Readonly<Record<string, ErrorKind>> = {
  '08': errors.POSTGRES_UNAVAILABLE,
  '57P01': errors.POSTGRES_UNAVAILABLE,
  '57P02': errors.POSTGRES_UNAVAILABLE,
  '57P03': errors.POSTGRES_UNAVAILABLE,
  '57P04': errors.POSTGRES_UNAVAILABLE,
  '57P05': errors.POSTGRES_UNAVAILABLE,
  '58': errors.POSTGRES_UNAVAILABLE,
  XX: errors.POSTGRES_UNAVAILABLE,
  // A standby, or a primary that was made read-only.
  '25006': errors.POSTGRES_UNAVAILABLE,
  '53300': errors.POSTGRES_UNAVAILABLE,
  '53': errors.POSTGRES_FULL,
  '57014': errors.POSTGRES_TIMEOUT,
  '25P03': errors.POSTGRES_TIMEOUT,
  '25P04': errors.POSTGRES_TIMEOUT,
  '55P03': errors.POSTGRES_TIMEOUT,
  '40': errors.POSTGRES_CONFLICT,
  // Whatever was not looked at before; nothing else of ours can hold such a character.
  '22021': errors.POSTGRES_TEXT_INVALID,
  '28': errors.POSTGRES_ACCESS_DENIED,
  '3D000': errors.POSTGRES_ACCESS_DENIED,
  '42501': errors.POSTGRES_ACCESS_DENIED,
};

/**
 * What a failed call of the driver means. The only place that looks at the driver's errors: an
 * answer of the server is judged by its SQLSTATE, everything else is a lost or silent connection.
 */
export function mapError(thrown: unknown): unknown {
  if (isNovaError(thrown)) return thrown;
  // Not from the wire: a value that cannot be sent is a mistake of the calling code.
  if (thrown instanceof TypeError || thrown instanceof RangeError) return thrown;
  if (thrown instanceof pg.DatabaseError) {
    const sqlstate = thrown.code ?? 'unknown';
    // The server ends by it, for example for want of room for its write-ahead log: what it had begun may be
    // stored, so it is no refusal.
    if (thrown.severity === 'PANIC') {
      return new NovaError(errors.POSTGRES_UNAVAILABLE, { sqlstate }, { cause: thrown });
    }
    const kind = KINDS[sqlstate] ?? KINDS[sqlstate.slice(0, 2)] ?? errors.POSTGRES_REFUSED;
    return new NovaError(kind, { sqlstate }, { cause: thrown });
  }
  return new NovaError(errors.POSTGRES_UNAVAILABLE, {}, { cause: thrown });
}

/** Whether the connection on which `thrown` happened can be used again. */
export function leavesConnectionUsable(thrown: unknown): boolean {
  const cause = isNovaError(thrown) ? thrown.cause : thrown;
  return cause instanceof pg.DatabaseError && cause.severity === 'ERROR';
}

/** The SQLSTATE of a refusal by the server; undefined for every other error. */
export function sqlStateOf(thrown: unknown): string | undefined {
  const state = isNovaError(thrown) ? thrown.params['sqlstate'] : undefined;
  return typeof state === 'string' ? state : undefined;
}
