import { parsePosition, type StoredEvent } from '@nova/events';
import { EventLog } from '@nova/proto/gen/events/event_log_pb';
import { type Client, RpcError } from '@nova/rpc';
import { withEventsClient } from '../calls.ts';
import type { Output } from '../output.ts';
import { type ExitCode, type Invocation, wrongUse } from '../verb.ts';
import { type EventFilter, eventFilter } from './event-filter.ts';
import { eventDocument, eventLine } from './event-line.ts';
import { readEvents } from './read-events.ts';
import { parseStartingPoint, type StartingPoint, windowsBack } from './starting-point.ts';

/** What the person asked for besides event types. */
export interface TailWishes {
  readonly aggregate: string | undefined;
  readonly from: string;
  /** Events to show; 0 = no end. */
  readonly count: number;
  readonly untilNow: boolean;
}

type Call = Pick<Invocation, 'args' | 'out' | 'signal' | 'environment' | 'portOffset'>;

/** `tail`: the log as it grows. @throws CLI_WRONG_USE, RpcError */
export async function runTail(call: Call, wishes: TailWishes): Promise<ExitCode> {
  const filter = eventFilter(call.args, wishes.aggregate);
  const start = parseStartingPoint(wishes.from);
  const tailing = withEventsClient(EventLog, call, async (client) => {
    let left = wishes.count === 0 ? Number.POSITIVE_INFINITY : wishes.count;
    for await (const event of eventsFrom(start, { client, filter, call, wishes })) {
      show(event, call.out);
      await call.out.drained();
      left -= 1;
      if (left <= 0) return;
    }
  });
  await tailing.catch((thrown: unknown) => {
    // Only events-service knows all types; what it does not know was typed wrongly.
    const isUnknown = thrown instanceof RpcError && thrown.reason === 'EVENT_TYPE_UNKNOWN';
    throw isUnknown ? wrongUse(thrown.message) : thrown;
  });
  return 0;
}

interface Tailing {
  readonly client: Client<typeof EventLog>;
  readonly filter: EventFilter;
  readonly call: Call;
  readonly wishes: TailWishes;
}

async function* eventsFrom(start: StartingPoint, tailing: Tailing): AsyncGenerator<StoredEvent> {
  const { client, filter, call, wishes } = tailing;
  const { signal, out } = call;
  const follow = !wishes.untilNow;
  const onLost = ({ status }: { readonly status: string }) =>
    out.note(`the connection was lost (${status}); going on where it ended …`);
  const go = (from: string | undefined) =>
    readEvents({ client, filter, from, follow, signal, onLost });
  if (start.kind === 'beginning') {
    yield* go(undefined);
    return;
  }
  const { head } = await client.getLog({}, { signal });
  if (start.kind === 'last') {
    yield* await lastEvents(start.count, head, tailing);
    if (follow) yield* go(head);
    return;
  }
  yield* go(start.kind === 'now' ? head : wishes.from);
}

/** The last matching events up to `head`, looked for in windows that reach ever further back. */
async function lastEvents(
  count: number,
  head: string,
  { client, filter, call }: Tailing,
): Promise<readonly StoredEvent[]> {
  const end = parsePosition(head);
  if (end === undefined || count === 0) return [];
  let found: StoredEvent[] = [];
  for (const from of windowsBack(end, count)) {
    found = [];
    const { signal } = call;
    for await (const event of readEvents({ client, filter, from, follow: false, signal })) {
      // The log grows meanwhile; what is after the head comes when it is followed.
      if (event.position.position > end.position) break;
      found.push(event);
      if (found.length > count) found.shift();
    }
    if (found.length === count) break;
  }
  return found;
}

function show(event: StoredEvent, out: Output): void {
  if (out.format === 'json') out.jsonLine(eventDocument(event));
  else out.line(eventLine(event, out.style, out.width));
}
