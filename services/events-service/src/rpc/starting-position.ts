import type { LogPosition } from '@nova/events';
import { logHead, positionBefore } from '@nova/outbox';
import type { SubscriptionStart } from '../domain/accept-subscription.ts';
import type { Dependencies } from './dependencies.ts';
import { checkPosition } from './log-windows.ts';

/**
 * The position after which somebody begins to read.
 *
 * @throws POSITION_LOST when the position given is none of this log.
 */
export async function startingPosition(
  { database }: Pick<Dependencies, 'database'>,
  start: SubscriptionStart,
): Promise<{ from: LogPosition; caughtUp: boolean }> {
  const log = await logHead(database);
  const { head, epochs } = log;
  const beginning = { epoch: epochs[0]?.epoch ?? head.epoch, position: 0n };
  const at = async (): Promise<LogPosition> => {
    switch (start.kind) {
      case 'beginning':
        return beginning;
      case 'now':
        return head;
      case 'after':
        checkPosition(start.position, log);
        return start.position;
      case 'time':
        return positionBefore(database, start.time);
    }
  };
  const from = await at();
  return { from, caughtUp: from.position === head.position && from.epoch === head.epoch };
}
