import { isNovaError, messageOf, type NovaError } from '@nova/errors';
import { type Backoff, backoffMs } from '@nova/time';
import { errors } from './errors.ts';
import { type Origin, originOf } from './parking/fingerprint.ts';

/** Attempts after the first failure, before an aggregate is parked for good. */
const RETRIES: Backoff = { initialMs: 100, factor: 10, maxMs: 10_000, jitter: 0.2 };
const MAX_RETRIES = 3;
const LONGEST_REASON = 1000;
const PROCESS_DEATH = 'process_death';

/** No pause before an attempt is as long. */
export const LONGEST_PAUSE_MS = RETRIES.maxMs + 1000;

/** Why an event could not be applied. */
export interface Failure extends Origin {
  readonly code: string;
  readonly reason: string;
}

/**
 * Whether a dependency is away or busy rather than the event bad: then the consumer waits and burns
 * no attempt.
 */
export function isOutage(thrown: unknown): boolean {
  if (!isNovaError(thrown)) return false;
  return thrown.kind.retry !== 'never' || thrown.kind.blame === 'operator';
}

/** What no waiting mends. */
export function isFinal(thrown: unknown): boolean {
  return isNovaError(thrown) && thrown.kind.retry === 'never' && !thrown.code.includes('ACCESS');
}

/** A failure as it is stored and shown; NUL cannot be stored. */
export function failureOf(thrown: unknown): Failure {
  const cause =
    isNovaError(thrown) && thrown.cause !== undefined ? `: ${messageOf(thrown.cause)}` : '';
  const code = isNovaError(thrown)
    ? codeOf(thrown)
    : thrown instanceof Error
      ? thrown.name
      : 'unknown';
  const reason = `${messageOf(thrown)}${cause}`.replaceAll('\u0000', '').toWellFormed();
  return { code, reason: reason.slice(0, LONGEST_REASON), ...originOf(code, thrown) };
}

function codeOf(thrown: NovaError): string {
  return thrown.code === errors.CONSUMER_PROCESS_DEATH.code ? PROCESS_DEATH : thrown.code;
}

/** Whether it has killed the process: then nobody tries it without being asked. */
export function isDeadly(code: string): boolean {
  return code === PROCESS_DEATH;
}

/** Milliseconds until the next attempt after this many failures; undefined = parked. */
export function nextAttemptMs(failures: number): number | undefined {
  return failures > MAX_RETRIES ? undefined : backoffMs(RETRIES, failures);
}
