import { NovaError } from '@nova/errors';
import { isCanonicalUuid } from '@nova/events';
import type {
  CancelReplayRequest,
  CancelReplayResponseSchema,
} from '@nova/proto/gen/events/subscriptions_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import { invalid } from '../domain/refusal.ts';
import { replayMessage } from '../domain/subscription.ts';
import { Violations } from '../domain/violations.ts';
import { errors } from '../errors.ts';
import { endReplay } from '../storage/subscriptions/replays.ts';
import type { Dependencies } from './dependencies.ts';

type Response = MessageInitShape<typeof CancelReplayResponseSchema>;

/** Takes up nothing more of a replay; what was taken up is handed out. */
export function cancelReplay({ database }: Dependencies) {
  return async ({ id }: CancelReplayRequest): Promise<Response> => {
    const violations = new Violations();
    if (!isCanonicalUuid(id)) {
      violations.add('id', 'must be a UUID in lower case with hyphens');
      throw invalid(violations);
    }
    const replay = await endReplay(database, id);
    if (replay === undefined) throw new NovaError(errors.SUBSCRIPTION_REPLAY_UNKNOWN, { id });
    return { replay: replayMessage(replay) };
  };
}
