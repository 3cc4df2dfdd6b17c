import { formatTime, type LogPosition, parsePosition } from '@nova/events';
import { logHead, positionBefore } from '@nova/outbox';
import type { StartRepublishRequest } from '@nova/proto/gen/events/events_service_pb';
import { acceptOccurredAt } from '../domain/event-time.ts';
import type { Violations } from '../domain/violations.ts';
import type { Dependencies } from './dependencies.ts';

type GivenRange = Pick<StartRepublishRequest, 'fromPosition' | 'toPosition' | 'fromTime'>;

/** Reads a part of the log, both ends included; without a word about it all of it. */
export async function acceptRange(
  { database, clock }: Pick<Dependencies, 'database' | 'clock'>,
  request: GivenRange,
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
  // Without an end that was asked for, nothing is left of the log after this: nothing is wrong with that.
  if (violations.none && request.toPosition !== '' && from.position > to.position) {
    const field = request.fromTime === undefined ? 'from_position' : 'from_time';
    violations.add(field, 'lies behind the last position that is asked for');
  }
  return { from, to };
}
