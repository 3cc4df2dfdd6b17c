import { EventsService } from '@nova/proto/gen/events/events_service_pb';
import { type EventReplay, EventReplayState } from '@nova/proto/gen/events/subscriptions_pb';
import { withEventsClient } from '../calls.ts';
import type { Output } from '../output.ts';
import { beginningOf } from '../relay/run-republish.ts';
import { showCounts } from '../show-counts.ts';
import { type ExitCode, type Invocation, wrongUse } from '../verb.ts';

type Call = Pick<Invocation, 'args' | 'out' | 'environment' | 'portOffset'>;

/** What the person asked for. */
export interface ReplayWishes {
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly eventType: readonly string[];
  readonly aggregate: string | undefined;
  readonly reason: string | undefined;
  readonly dryRun: boolean;
}

/** `replay subscription`. @throws RpcError, CLI_WRONG_USE */
export async function runReplay(call: Call, wishes: ReplayWishes): Promise<ExitCode> {
  const { to = '', aggregate = '', reason = '', dryRun } = wishes;
  const beginning = beginningOf(wishes.from);
  if (reason === '' && !dryRun) throw wrongUse('a replay needs a --reason; it is kept with it');
  const { replay, events } = await withEventsClient(EventsService, call, (client) =>
    client.replayEvents({
      ...beginning,
      subscription: call.args[0] ?? '',
      toPosition: to,
      eventTypes: [...wishes.eventType],
      aggregateId: aggregate,
      reason,
      dryRun,
    }),
  );
  if (dryRun) showCounts(events, call.out);
  else show(replay, call.out);
  return 0;
}

/** `replay cancel`: exit code 1 when it had ended before. @throws RpcError */
export async function runReplayCancel(call: Call): Promise<ExitCode> {
  const { replay } = await withEventsClient(EventsService, call, (client) =>
    client.cancelReplay({ id: call.args[0] ?? '' }),
  );
  show(replay, call.out);
  return replay?.state === EventReplayState.CANCELLED ? 0 : 1;
}

function show(replay: EventReplay | undefined, out: Output): void {
  if (replay === undefined) throw new TypeError('an answer without its replay');
  const { id, subscription, events, taken, reason } = replay;
  const state = (EventReplayState[replay.state] ?? 'unknown').toLowerCase();
  if (out.format === 'json') out.json({ id, subscription, state, events, taken, reason });
  else out.line(`${id} ${state}: ${taken} of ${events} events taken up for ${subscription}`);
}
