import { formatPosition } from '@nova/events';
import { logHead } from '@nova/outbox';
import type { GetLogRequest, GetLogResponseSchema } from '@nova/proto/gen/events/event_log_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import { instantOf } from '../domain/event-time.ts';
import type { Dependencies } from './dependencies.ts';

/** Answers with the head of the log, its epochs and how far each lane is published. */
export function getLog({ database }: Dependencies) {
  return async (_: GetLogRequest): Promise<MessageInitShape<typeof GetLogResponseSchema>> => {
    const log = await logHead(database);
    return {
      head: formatPosition(log.head),
      epochs: log.epochs.map(({ epoch, firstPosition, startedAt }) => ({
        epoch,
        firstPosition,
        startedAt: instantOf(startedAt),
      })),
      lanes: log.lanes.map(({ lane, position, movedAt }) => ({
        lane,
        position: formatPosition(position),
        movedAt: instantOf(movedAt),
      })),
    };
  };
}
