import type { LogPart } from '@nova/consumer';
import { formatPosition, isCanonicalUuid, type LogPosition, parsePosition } from '@nova/events';
import type {
  ReplayEventsRequest,
  ReplayEventsResponseSchema,
} from '@nova/proto/gen/ops/ops_service_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import type { Call } from '@nova/rpc';
import { actMessage, orderViolations } from './act-message.ts';
import type { OpsPorts } from './ops-ports.ts';
import { Fields } from './parked-selection.ts';

/** Has what a part of the log concerns folded anew, or only counts it. Nobody else gets anything. */
export function replayEvents(ports: OpsPorts) {
  const { consumer } = ports;
  return async (
    request: ReplayEventsRequest,
    call: Call,
  ): Promise<MessageInitShape<typeof ReplayEventsResponseSchema>> => {
    const { requestId, reason, perSecond, dryRun } = request;
    const part = partOf(ports, request);
    const { aggregates, events } = await consumer.parking.survey(part, call.signal);
    const counts = { events: Object.fromEntries(events), aggregates: BigInt(aggregates.length) };
    if (dryRun) return counts;
    const standing = await consumer.parking.refold({
      actId: requestId,
      who: call.caller.principal,
      reason,
      perSecond,
      selection: selectionOf(part),
      aggregates,
    });
    return { act: actMessage(ports, standing), ...counts };
  };
}

function partOf({ consumer }: OpsPorts, request: ReplayEventsRequest): LogPart {
  const { requestId, fromPosition, fromTime, toPosition, aggregateId, eventTypes, dryRun } =
    request;
  const fields = new Fields();
  if (!dryRun || requestId !== '') {
    if (!isCanonicalUuid(requestId)) fields.wrong('request_id', 'must be a UUID in lower case');
  }
  for (const { field, description } of orderViolations(request)) {
    if (!dryRun || field !== 'reason' || request.reason !== '') fields.wrong(field, description);
  }
  if (fromTime !== undefined && fromPosition !== '') {
    fields.wrong('from_time', 'goes not with from_position');
  }
  const { eventTypes: consumed } = consumer.status();
  const strange = eventTypes.filter((type) => !consumed.includes(type));
  if (strange.length > 0) {
    fields.wrong('event_types', `are not consumed here: ${strange.join(', ').slice(0, 200)}`);
  }
  const position = <Name extends string>(name: Name, field: string, text: string) => {
    const found = parsePosition(text);
    if (text !== '' && found === undefined) {
      fields.wrong(field, 'must be a position as nova writes it');
    }
    // One property of this name, or none.
    return (found === undefined ? {} : { [name]: found }) as { [N in Name]?: LogPosition };
  };
  const part: LogPart = {
    ...position('from', 'from_position', fromPosition),
    ...position('to', 'to_position', toPosition),
    ...fields.time('storedSince', 'from_time', fromTime),
    ...fields.text('aggregateId', 'aggregate_id', aggregateId),
    eventTypes: [...new Set(eventTypes)],
  };
  const { from, to } = part;
  if (from !== undefined && to !== undefined && from.position > to.position) {
    fields.wrong('from_position', 'lies behind the last position that is asked for');
  }
  fields.check();
  return part;
}

/** As it is kept with the act. */
function selectionOf({ from, to, storedSince, eventTypes, aggregateId }: LogPart) {
  return {
    ...(from === undefined ? {} : { fromPosition: formatPosition(from) }),
    ...(to === undefined ? {} : { toPosition: formatPosition(to) }),
    ...(storedSince === undefined ? {} : { fromTime: storedSince }),
    ...(eventTypes.length === 0 ? {} : { eventTypes: eventTypes.join(' ') }),
    ...(aggregateId === undefined ? {} : { aggregateId }),
  };
}
