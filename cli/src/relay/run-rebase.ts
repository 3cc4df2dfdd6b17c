import { EventsService } from '@nova/proto/gen/events/events_service_pb';
import { withEventsClient } from '../calls.ts';
import { type ExitCode, type Invocation, wrongUse } from '../verb.ts';

type Call = Pick<Invocation, 'out' | 'environment' | 'portOffset'>;

/** `relay rebase`. Fails with RpcError. */
export function runRebase(
  call: Call,
  { reason }: { readonly reason: string | undefined },
): Promise<ExitCode> {
  if (reason === undefined) throw wrongUse('a new epoch needs a --reason');
  return withEventsClient(EventsService, call, async (client): Promise<ExitCode> => {
    const { epoch, firstPosition } = await client.rebaseLog({ reason });
    if (call.out.format === 'json') call.out.json({ epoch, first_position: firstPosition });
    else call.out.line(`epoch ${epoch} begins at position ${firstPosition}`);
    return 0;
  });
}
