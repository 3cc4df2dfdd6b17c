import { errors as commonErrors, NovaError, type Violation } from '@nova/errors';
import type { AppendRefusal, NewEvent, SourceOutcome, SourceRefusal } from '@nova/outbox';
import type { RefusalSchema } from '@nova/proto/gen/events/event_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import { errors } from '../errors.ts';
import { fieldPath, type Violations } from './violations.ts';

/** The request that was refused, as far as its refusal names parts of it. */
export interface RefusedRequest {
  readonly requestId: string;
  /** Path of the message with the request id, where that is not the request itself. */
  readonly keyPath?: string;
  /** Path of a condition: `condition`, `conditions[3]`. */
  readonly conditionPath?: (index: number) => string;
  /** Path and value of an event's id: `event_id`, `events[3].event_id`. */
  readonly eventIdPath?: (index: number) => string;
  readonly eventId?: (index: number) => string;
}

/** The error of a request with wrong fields. */
export function invalid(violations: Violations): NovaError {
  const [first] = violations.all;
  const unknownTypes = violations.all.every(({ description }) =>
    description.startsWith('unknown event type'),
  );
  return new NovaError(
    unknownTypes ? errors.EVENT_TYPE_UNKNOWN : errors.EVENT_INVALID,
    { first: describe(first, unknownTypes) },
    { violations: violations.all },
  );
}

// The message of an unknown type says so itself; its field adds nothing.
function describe(first: Violation | undefined, isUnknownType: boolean): string {
  if (first === undefined) return '';
  return isUnknownType ? first.description : `${first.field} ${first.description}`;
}

/**
 * The error of a unit that the log refused. A reused request id outweighs a reused event id, and
 * that a failed condition: only the last can be mended by deciding again.
 */
export function refused(refusals: readonly AppendRefusal[], request: RefusedRequest): NovaError {
  if (refusals.some(({ reason }) => reason === 'REQUEST_ID_REUSED')) {
    return new NovaError(
      commonErrors.REQUEST_ID_REUSED,
      { request_id: request.requestId },
      {
        violations: [
          {
            field: fieldPath(request.keyPath ?? '', 'request_id'),
            description: 'was used for another request',
          },
        ],
      },
    );
  }
  const reused = refusals.filter(({ reason }) => reason === 'EVENT_ID_REUSED');
  if (reused[0] !== undefined) {
    return new NovaError(
      commonErrors.EVENT_ID_REUSED,
      { event_id: request.eventId?.(reused[0].index) ?? '' },
      {
        violations: reused.map(({ index }) => ({
          field: request.eventIdPath?.(index) ?? '',
          description: 'belongs to an event with other content',
        })),
      },
    );
  }
  return conditionFailed(refusals, request);
}

function conditionFailed(refusals: readonly AppendRefusal[], request: RefusedRequest): NovaError {
  const [first] = refusals;
  const aggregate = `${first?.aggregateType ?? ''}/${first?.aggregateId ?? ''}`;
  const version = String(first?.currentVersion ?? 0n);
  const others = Object.fromEntries(
    refusals
      .slice(0, 10)
      .map(({ aggregateType, aggregateId, currentVersion }) => [
        `version_of ${aggregateType}/${aggregateId}`,
        String(currentVersion ?? 0n),
      ]),
  );
  return new NovaError(
    errors.CONDITION_FAILED,
    { aggregate, current_version: version },
    {
      violations: refusals.flatMap((refusal) => conditionViolations(refusal, request)),
      metadata: {
        aggregate_type: first?.aggregateType ?? '',
        aggregate_id: first?.aggregateId ?? '',
        current_version: version,
        ...(refusals.length > 1 ? others : {}),
      },
    },
  );
}

function conditionViolations(refusal: AppendRefusal, request: RefusedRequest): Violation[] {
  const field =
    refusal.condition === undefined ? undefined : request.conditionPath?.(refusal.condition);
  if (field === undefined) return [];
  const description = `does not hold: the aggregate's version is ${refusal.currentVersion ?? 0n}`;
  return [{ field, description }];
}

/** A refusal within a batch whose other events were stored. */
export function refusalMessage(
  refusal: AppendRefusal,
  index: number,
): MessageInitShape<typeof RefusalSchema> {
  return {
    index,
    reason: refusal.reason,
    message: MESSAGES[refusal.reason],
    aggregateType: refusal.aggregateType ?? '',
    aggregateId: refusal.aggregateId ?? '',
    currentVersion: refusal.currentVersion ?? 0n,
  };
}

const MESSAGES: Readonly<Record<AppendRefusal['reason'], string>> = {
  CONDITION_FAILED: 'a condition on the aggregate does not hold',
  EVENT_ID_REUSED: 'the event id belongs to an event with other content',
  REQUEST_ID_REUSED: 'the request id was used for another request',
};

/** The refusal of an event that a team's own outbox has forwarded. */
export function sourceRefusalMessage(
  { reason, head }: Extract<SourceOutcome, { outcome: 'refused' }>,
  { aggregateType, aggregateId }: NewEvent,
  index: number,
): MessageInitShape<typeof RefusalSchema> {
  const message = `${SOURCE_MESSAGES[reason]}; the last one here is ${head}`;
  return { index, reason, message, aggregateType, aggregateId };
}

const SOURCE_MESSAGES: Readonly<Record<SourceRefusal, string>> = {
  SOURCE_VERSION_GAP: 'the source version before it is not in the log',
  SOURCE_VERSION_REUSED: 'the log has another event of this source version',
  EVENT_ID_REUSED: MESSAGES.EVENT_ID_REUSED,
};
