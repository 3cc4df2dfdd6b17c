import type { DeliveryState } from '@nova/consumer';
import type { Violation } from '@nova/errors';
import { isCanonicalUuid } from '@nova/events';
import type {
  DeliveryStateSchema,
  GetDeliveryStateRequest,
  GetDeliveryStateResponseSchema,
} from '@nova/proto/gen/ops/ops_service_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import type { Call } from '@nova/rpc';
import { invalidRequest } from '../request.ts';
import { CONDITIONS, timeField } from './conditions.ts';
import type { OpsPorts } from './ops-ports.ts';

type Response = MessageInitShape<typeof GetDeliveryStateResponseSchema>;

/** What is asked about: an event, or an aggregate as a whole. */
interface Subject {
  readonly aggregateType: string;
  readonly aggregateId: string;
  readonly aggregateVersion: bigint;
  readonly event: Pick<Response, 'eventType' | 'storedAt'>;
}

const LOOKUP_MS = 3000;

/** Tells what became of an event; one named by its id alone is looked up in the log. */
export function getDeliveryState(ports: OpsPorts) {
  return async (request: GetDeliveryStateRequest, call: Call): Promise<Response> => {
    const subject = await subjectOf(ports, request, call);
    const { aggregateType, aggregateId, aggregateVersion, event } = subject;
    const { service, consumer, generation } = ports.consumer.status();
    const state = await ports.consumer.stateOf({
      aggregateType,
      aggregateId,
      ...(event.eventType === undefined ? {} : { eventType: event.eventType }),
      ...(aggregateVersion === 0n ? {} : { version: aggregateVersion }),
    });
    return {
      aggregateType,
      aggregateId,
      aggregateVersion,
      ...event,
      states: [{ service, consumer, generation, ...stateMessage(state) }],
    };
  };
}

async function subjectOf(
  { events }: OpsPorts,
  request: GetDeliveryStateRequest,
  call: Call,
): Promise<Subject> {
  const { eventId, aggregateType, aggregateId, aggregateVersion } = request;
  const violations = violationsOf(request);
  if (violations.length > 0) throw invalidRequest(violations);
  if (eventId === '') return { aggregateType, aggregateId, aggregateVersion, event: {} };
  const found = await events.find(eventId, {
    deadlineMs: Math.min(LOOKUP_MS, call.remainingMs()),
    signal: call.signal,
    correlationId: call.correlationId,
  });
  const { eventType, storedAt } = found;
  return {
    aggregateType: found.aggregateType,
    aggregateId: found.aggregateId,
    aggregateVersion: found.aggregateVersion,
    event: { eventType, ...(storedAt === undefined ? {} : { storedAt }) },
  };
}

function violationsOf(request: GetDeliveryStateRequest): Violation[] {
  const { eventId, aggregateType, aggregateId, aggregateVersion } = request;
  const violations = [
    ...nameViolations('aggregate_type', aggregateType, eventId),
    ...nameViolations('aggregate_id', aggregateId, eventId),
  ];
  if (eventId !== '' && !isCanonicalUuid(eventId)) {
    violations.push({ field: 'event_id', description: 'must be a UUID in lower case' });
  }
  if (aggregateVersion < 0n || (eventId !== '' && aggregateVersion !== 0n)) {
    const description = eventId === '' ? 'must not be negative' : 'must be 0 beside event_id';
    violations.push({ field: 'aggregate_version', description });
  }
  return violations;
}

/** A part of an aggregate's name is given exactly where no event id is. */
function nameViolations(field: string, value: string, eventId: string): Violation[] {
  const descriptions = [
    ...(eventId === '' && value === '' ? ['must be given where event_id is not'] : []),
    ...(eventId !== '' && value !== '' ? ['must be empty beside event_id'] : []),
    // PostgreSQL has no texts with it: no aggregate can be named so.
    ...(value.includes('\0') ? ['must not have a NUL'] : []),
  ];
  return descriptions.map((description) => ({ field, description }));
}

function stateMessage(state: DeliveryState): MessageInitShape<typeof DeliveryStateSchema> {
  const { partition, offset } = state;
  return {
    condition: CONDITIONS[state.state],
    appliedVersion: state.appliedVersion,
    ...timeField('appliedAt', state.appliedAt),
    ...timeField('filledAt', state.filledAt),
    filledFrom: state.filledFrom ?? 0n,
    filledTo: state.filledTo ?? 0n,
    attempts: state.attempts ?? 0,
    ...timeField('failedAt', state.failedAt),
    ...timeField('nextAttemptAt', state.nextAttemptAt),
    reason: state.reason ?? '',
    topic: state.topic ?? '',
    ...(partition === undefined ? {} : { partition }),
    ...(offset === undefined ? {} : { offset }),
  };
}
