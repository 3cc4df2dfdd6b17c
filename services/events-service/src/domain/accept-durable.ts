import { parsePosition } from '@nova/events';
import type {
  ConsumeStart,
  CreateSubscriptionRequest,
  Nack,
  UpdateSubscriptionRequest,
} from '@nova/proto/gen/events/subscriptions_pb';
import { NackAction } from '@nova/proto/gen/events/subscriptions_pb';
import type { Strategy } from './hand-out.ts';
import { type SubscriptionTerms, strategyOf } from './subscription.ts';
import { identifierProblem } from './text.ts';
import { quoted, type Violations } from './violations.ts';

const NAME = /^[a-z0-9][a-z0-9._-]{0,99}$/;
const DEFAULT_ACK_TIMEOUT_MS = 30_000;
const MIN_ACK_TIMEOUT_MS = 1_000;
const HOUR_MS = 3_600_000;
const DEFAULT_ATTEMPTS = 10;
const MOST_ATTEMPTS = 1_000;
const MOST_CREDITS = 1_000;
const MOST_POSITIONS = 1_000;
const MAX_TEXT_BYTES = 255;

/** What a consumer says about events that were handed out to it. */
export interface Said {
  /** As it was told them. */
  readonly positions: readonly string[];
  readonly action: 'done' | 'retry' | 'park' | 'stop';
  readonly reason: string;
  /** Undefined: by the attempts. */
  readonly retryAfterMs: number | undefined;
}

interface Span {
  readonly seconds: bigint;
  readonly nanos: number;
}

/** A name that a subscription may have. */
export function checkSubscriptionName(given: string, field: string, violations: Violations): void {
  if (NAME.test(given)) return;
  violations.add(
    field,
    given === ''
      ? 'is required'
      : `must be letters in lower case, digits, ".", "_" and "-", at most 100: ${quoted(given)}`,
  );
}

/** How a new subscription hands out. */
export function acceptTerms(
  given: Pick<CreateSubscriptionRequest, 'strategy' | 'ackTimeout' | 'maxAttempts'>,
  violations: Violations,
): SubscriptionTerms {
  return {
    strategy: 'round_robin',
    ackTimeoutMs: DEFAULT_ACK_TIMEOUT_MS,
    maxAttempts: DEFAULT_ATTEMPTS,
    ...acceptChange({ ...given, strategy: given.strategy }, violations),
  };
}

/** What is to change about how a subscription hands out; what is not given is left out. */
export function acceptChange(
  given: Pick<UpdateSubscriptionRequest, 'strategy' | 'ackTimeout' | 'maxAttempts'>,
  violations: Violations,
): Partial<SubscriptionTerms> {
  const { strategy, ackTimeout, maxAttempts } = given;
  const change: { strategy?: Strategy; ackTimeoutMs?: number; maxAttempts?: number } = {};
  if (strategy !== undefined) {
    const read = strategyOf(strategy);
    if (read === undefined) violations.add('strategy', `is none: ${strategy}`);
    else change.strategy = read;
  }
  if (ackTimeout !== undefined) {
    change.ackTimeoutMs = millisecondsOf(ackTimeout);
    const { ackTimeoutMs } = change;
    if (ackTimeoutMs < MIN_ACK_TIMEOUT_MS || ackTimeoutMs > HOUR_MS) {
      violations.add('ack_timeout', 'must be 1 s to 1 h');
    }
  }
  if (maxAttempts !== undefined) {
    change.maxAttempts = maxAttempts;
    if (maxAttempts < 0 || maxAttempts > MOST_ATTEMPTS) {
      violations.add('max_attempts', `must be 0 to ${MOST_ATTEMPTS}`);
    }
  }
  return change;
}

/** A reason that is kept: short, without control characters. */
export function checkReason(given: string, field: string, violations: Violations): void {
  const problem = identifierProblem(given, MAX_TEXT_BYTES);
  if (problem !== undefined) violations.add(field, problem);
}

/** The first message of a consumer. */
export function acceptConsumeStart(given: ConsumeStart, violations: Violations): void {
  checkSubscriptionName(given.subscription, 'start.subscription', violations);
  checkReason(given.consumer, 'start.consumer', violations);
  checkCredits(given.credits, 'start.credits', violations);
}

/** How many events may be unsettled at a consumer. */
export function checkCredits(given: number, field: string, violations: Violations): void {
  if (given < 0 || given > MOST_CREDITS) violations.add(field, `must be 0 to ${MOST_CREDITS}`);
}

/** Events that a consumer is done with. */
export function acceptAck(positions: readonly string[], violations: Violations): Said {
  checkPositions(positions, 'ack.positions', violations);
  return { positions, action: 'done', reason: '', retryAfterMs: undefined };
}

/** Events that a consumer could not deal with. */
export function acceptNack(given: Nack, violations: Violations): Said {
  const { positions, reason, retryAfter } = given;
  checkPositions(positions, 'nack.positions', violations);
  checkReason(reason, 'nack.reason', violations);
  const retryAfterMs = retryAfter === undefined ? undefined : millisecondsOf(retryAfter);
  if (retryAfterMs !== undefined && (retryAfterMs < 0 || retryAfterMs > HOUR_MS)) {
    violations.add('nack.retry_after', 'must be 0 to 1 h');
  }
  return { positions, action: actionOf(given.action, violations), reason, retryAfterMs };
}

function actionOf(given: NackAction, violations: Violations): Said['action'] {
  switch (given) {
    case NackAction.UNSPECIFIED:
    case NackAction.RETRY:
      return 'retry';
    case NackAction.PARK:
      return 'park';
    case NackAction.SKIP:
      return 'done';
    case NackAction.STOP:
      return 'stop';
    default:
      violations.add('nack.action', `is none: ${String(given)}`);
      return 'retry';
  }
}

function checkPositions(positions: readonly string[], field: string, violations: Violations): void {
  if (positions.length === 0) violations.add(field, 'is required');
  if (positions.length > MOST_POSITIONS) violations.add(field, `must be at most ${MOST_POSITIONS}`);
  positions.forEach((text, index) => {
    if (parsePosition(text) === undefined) {
      violations.add(`${field}[${index}]`, 'must be a position as nova writes it');
    }
  });
}

// Rounded up to whole milliseconds and kept within what a number of the database holds.
function millisecondsOf({ seconds, nanos }: Span): number {
  return Math.min(2 ** 31 - 1, Math.max(-1, Number(seconds) * 1000 + Math.ceil(nanos / 1e6)));
}
