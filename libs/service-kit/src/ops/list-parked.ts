import type { ParkedAggregate, ParkedCursor } from '@nova/consumer';
import type {
  ListParkedGroupsRequest,
  ListParkedGroupsResponseSchema,
  ListParkedRequest,
  ListParkedResponseSchema,
  ParkedAggregateSchema,
} from '@nova/proto/gen/ops/ops_service_pb';
import type { JsonValue, MessageInitShape } from '@nova/proto/runtime';
import { CONDITIONS, timeField } from './conditions.ts';
import type { OpsPorts } from './ops-ports.ts';
import { selectionOf } from './parked-selection.ts';

const METHOD = 'ops.OpsService/ListParked';
const PAGE = { default: 100, maximum: 500 };

/** Lists the aggregates that fail, with why and with what waits behind. */
export function listParked({ consumer, pageTokens }: OpsPorts) {
  return async (
    request: ListParkedRequest,
  ): Promise<MessageInitShape<typeof ListParkedResponseSchema>> => {
    const { includeRetrying, pageToken } = request;
    const selection = selectionOf(request.selection, { includeRetrying });
    const size = pageTokens.pageSize(request.pageSize, PAGE);
    const position = pageTokens.decode(METHOD, { ...selection }, pageToken);
    const found = await consumer.parking.list({
      selection,
      // One more than needed tells whether the list goes on.
      limit: size + 1,
      ...(position === undefined ? {} : { after: cursorOf(position) }),
    });
    const page = found.slice(0, size);
    const last = page.at(-1);
    const hasMore = found.length > size && last !== undefined;
    const { service, consumer: name, generation } = consumer.status();
    return {
      aggregates: page.map((one) => ({
        service,
        consumer: name,
        generation,
        ...parkedMessage(one),
      })),
      nextPageToken: hasMore ? pageTokens.encode(METHOD, { ...selection }, positionOf(last)) : '',
    };
  };
}

function positionOf({ firstFailedAt, aggregateType, aggregateId }: ParkedCursor) {
  return [firstFailedAt, aggregateType, aggregateId];
}

function cursorOf(position: JsonValue): ParkedCursor {
  // A token that fits was written by `positionOf`.
  const [firstFailedAt, aggregateType, aggregateId] = position as [string, string, string];
  return { firstFailedAt, aggregateType, aggregateId };
}

/** A failing aggregate as it goes over the wire. */
export function parkedMessage(
  one: ParkedAggregate,
): MessageInitShape<typeof ParkedAggregateSchema> {
  return {
    aggregateType: one.aggregateType,
    aggregateId: one.aggregateId,
    condition: CONDITIONS[one.state],
    failedVersion: one.failedVersion,
    eventId: one.eventId,
    eventType: one.eventType,
    attempts: one.attempts,
    ...timeField('firstFailedAt', one.firstFailedAt),
    ...timeField('failedAt', one.failedAt),
    ...timeField('nextAttemptAt', one.nextAttemptAt),
    errorCode: one.errorCode,
    reason: one.reason,
    waitingEvents: BigInt(one.waitingEvents),
    fingerprint: one.fingerprint,
    frame: one.frame,
    consumerVersion: one.consumerVersion,
  };
}

/** Lists the causes for which aggregates fail. */
export function listParkedGroups({ consumer }: OpsPorts) {
  return async (
    request: ListParkedGroupsRequest,
  ): Promise<MessageInitShape<typeof ListParkedGroupsResponseSchema>> => {
    const groups = await consumer.parking.groups(selectionOf(request.selection), PAGE.maximum);
    const { service, consumer: name } = consumer.status();
    return {
      groups: groups.map((group) => ({
        service,
        consumer: name,
        fingerprint: group.fingerprint,
        errorCode: group.errorCode,
        frame: group.frame,
        reason: group.reason,
        eventTypes: [...group.eventTypes],
        consumerVersions: [...group.consumerVersions],
        aggregates: BigInt(group.aggregates),
        waitingEvents: BigInt(group.waitingEvents),
        ...timeField('firstFailedAt', group.firstFailedAt),
        ...timeField('failedAt', group.failedAt),
      })),
    };
  };
}
