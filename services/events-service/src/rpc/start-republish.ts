import { formatPosition, formatTime, type LogPosition, parsePosition } from '@nova/events';
import { countRange, logHead, positionBefore, startRepublish as start } from '@nova/outbox';
import type {
  StartRepublishRequest,
  StartRepublishResponseSchema,
} from '@nova/proto/gen/events/events_service_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import type { Call } from '@nova/rpc';
import { acceptEventTypes } from '../domain/accept-log-request.ts';
import { acceptOccurredAt } from '../domain/event-time.ts';
import { invalid } from '../domain/refusal.ts';
import { republishMessage } from '../domain/republish-message.ts';
import { identifierProblem } from '../domain/text.ts';
import { Violations } from '../domain/violations.ts';
import type { Dependencies } from './dependencies.ts';

const MAX_REASON_BYTES = 255;

type Response = MessageInitShape<typeof StartRepublishResponseSchema>;

/** Has the relays send a part of the log once more, or only counts it. */
export function startRepublish(dependencies: Dependencies) {
  const { database } = dependencies;
  return async (request: StartRepublishRequest, call: Call): Promise<Response> => {
    const violations = new Violations();
    const eventTypes = acceptEventTypes(request.eventTypes, 'event_types', violations);
    const { eventsPerSecond } = request;
    if (eventsPerSecond < 0) violations.add('events_per_second', 'must not be negative');
    const problem = identifierProblem(request.reason, MAX_REASON_BYTES);
    if (problem !== undefined) violations.add('reason', problem);
    const { from, to } = await acceptRange(dependencies, request, violations);
    if (!violations.none) throw invalid(violations);
    const range = { from: from.position, to: to.position, eventTypes };
    const counts = await countRange(database, range);
    const events = [...counts.values()].reduce((sum, count) => sum + count, 0n);
    const reason = request.reason === '' ? 'republish' : request.reason;
    const requestedBy = call.caller.principal;
    const republish = request.dryRun
      ? {
          fromPosition: formatPosition(from),
          toPosition: formatPosition(to),
          eventTypes: [...eventTypes],
          eventsPerSecond,
          reason,
          events,
        }
      : republishMessage(
          await start(database, { ...range, eventsPerSecond, reason, requestedBy, events }),
        );
    return { republish, events: Object.fromEntries(counts) };
  };
}

async function acceptRange(
  { database, clock }: Dependencies,
  request: StartRepublishRequest,
  violations: Violations,
): Promise<{ readonly from: LogPosition; readonly to: LogPosition }> {
  const { head, epochs } = await logHead(database);
  const epochOf = (position: bigint) =>
    epochs.findLast(({ firstPosition }) => firstPosition <= position)?.epoch ?? head.epoch;
  const first = { epoch: epochOf(1n), position: 1n };
  const read = (text: string, field: string, otherwise: LogPosition): LogPosition => {
    if (text === '') return otherwise;
    const position = parsePosition(text);
    if (position === undefined) violations.add(field, 'must be a position as nova writes it');
    else if (!epochs.some(({ epoch }) => epoch === position.epoch)) {
      violations.add(field, 'belongs to no epoch of this log');
    } else if (position.position > head.position) {
      violations.add(field, 'lies beyond the end of the log');
    }
    return position ?? otherwise;
  };
  const to = read(request.toPosition, 'to_position', head);
  let from = read(request.fromPosition, 'from_position', first);
  if (request.fromTime !== undefined) {
    if (request.fromPosition !== '') violations.add('from_time', 'goes not with from_position');
    const judged = acceptOccurredAt(request.fromTime, clock.now());
    if ('problem' in judged) violations.add('from_time', judged.problem);
    else {
      const before = await positionBefore(database, formatTime(request.fromTime) ?? '');
      const position = before.position + 1n;
      from = { epoch: epochOf(position), position };
    }
  }
  if (violations.none && from.position > to.position) {
    violations.add('from_position', 'lies behind the last position that is asked for');
  }
  return { from, to };
}
