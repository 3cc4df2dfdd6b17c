import { parsePosition, parseTime } from '@nova/events';
import {
  EventsService,
  type Republish,
  RepublishState,
} from '@nova/proto/gen/events/events_service_pb';
import type { Client } from '@nova/rpc';
import { sleep } from '@nova/time';
import { withEventsClient } from '../calls.ts';
import { dateOf } from '../date-of.ts';
import type { Output } from '../output.ts';
import { showCounts } from '../show-counts.ts';
import { type ExitCode, type Invocation, wrongUse } from '../verb.ts';

const LOOK_EVERY_MS = 500;

type Call = Pick<Invocation, 'args' | 'out' | 'signal' | 'environment' | 'portOffset'>;

/** What the person asked for. */
export interface RepublishWishes {
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly eventType: readonly string[];
  readonly rate: number;
  readonly reason: string | undefined;
  readonly dryRun: boolean;
  readonly detach: boolean;
  readonly list: boolean;
  readonly follow: string | undefined;
  readonly cancel: string | undefined;
}

/** `relay republish`. @throws RpcError, CLI_WRONG_USE */
export async function runRepublish(call: Call, wishes: RepublishWishes): Promise<ExitCode> {
  const { list, follow, cancel } = wishes;
  return await withEventsClient(EventsService, call, async (client) => {
    if (list) return await showAll(client, call.out);
    if (cancel !== undefined) {
      const { republish } = await client.cancelRepublish({ id: cancel });
      show(republish, call.out);
      return republish?.state === RepublishState.CANCELLED ? 0 : 1;
    }
    if (follow !== undefined) return await followOne(client, follow, call);
    return await start(client, call, wishes);
  });
}

/** The beginning that `--from` names. @throws CLI_WRONG_USE */
export function beginningOf(from: string | undefined) {
  if (from === undefined) throw wrongUse('--from is needed: beginning, a position, or a time');
  if (from === 'beginning') return {};
  if (parsePosition(from) !== undefined) return { fromPosition: from };
  const fromTime = parseTime(from);
  if (fromTime !== undefined) return { fromTime };
  throw wrongUse(`--from must be beginning, a position, or a time (RFC 3339): ${from}`);
}

async function start(
  client: Client<typeof EventsService>,
  call: Call,
  wishes: RepublishWishes,
): Promise<ExitCode> {
  const { to = '', eventType, rate, reason = '', dryRun, detach } = wishes;
  const answer = await client.startRepublish({
    ...beginningOf(wishes.from),
    toPosition: to,
    eventTypes: [...eventType],
    eventsPerSecond: rate,
    reason,
    dryRun,
  });
  const id = answer.republish?.id ?? '';
  if (dryRun) {
    showCounts(answer.events, call.out);
    return 0;
  }
  if (detach) {
    show(answer.republish, call.out);
    return 0;
  }
  call.out.note(`republish ${id}: ${answer.republish?.events ?? 0n} events`);
  return await followOne(client, id, call);
}

async function followOne(
  client: Client<typeof EventsService>,
  id: string,
  { out, signal }: Call,
): Promise<ExitCode> {
  for (;;) {
    const [found] = (await client.listRepublishes({ id })).republishes;
    if (found === undefined) throw wrongUse(`there is no republish ${id}`);
    if (found.state !== RepublishState.RUNNING) {
      show(found, out);
      return found.state === RepublishState.DONE && found.refused === 0n ? 0 : 1;
    }
    out.progress(`${found.sent} of ${found.events} events sent`);
    await sleep(LOOK_EVERY_MS, signal);
    if (signal.aborted) {
      out.note(`it goes on; ./nova relay republish --follow ${id} waits for it, --cancel ends it`);
      return 1;
    }
  }
}

async function showAll(client: Client<typeof EventsService>, out: Output): Promise<ExitCode> {
  const { republishes } = await client.listRepublishes({});
  if (out.format === 'json') out.json(republishes.map(document));
  else if (republishes.length === 0) out.note('nothing was ever republished');
  else {
    out.table(
      [
        { title: 'ID' },
        { title: 'STATE' },
        { title: 'SENT', align: 'right' },
        { title: 'OF', align: 'right' },
        { title: 'REFUSED', align: 'right' },
        { title: 'BY' },
        { title: 'AT' },
        { title: 'REASON' },
      ],
      republishes.map((one) => [
        one.id,
        stateOf(one),
        String(one.sent),
        String(one.events),
        String(one.refused),
        one.requestedBy,
        dateOf(one.requestedAt)?.toISOString() ?? '',
        one.reason,
      ]),
    );
  }
  return 0;
}

function show(one: Republish | undefined, out: Output): void {
  if (one === undefined) return;
  if (out.format === 'json') out.json(document(one));
  else {
    const refused = one.refused === 0n ? '' : `, ${one.refused} refused by Kafka`;
    out.line(`${one.id} ${stateOf(one)}: ${one.sent} of ${one.events} events sent${refused}`);
  }
}

function stateOf({ state }: Republish): string {
  return RepublishState[state]?.toLowerCase() ?? 'unknown';
}

function document(one: Republish) {
  return {
    id: one.id,
    state: stateOf(one),
    from_position: one.fromPosition,
    to_position: one.toPosition,
    reached_position: one.reachedPosition,
    event_types: one.eventTypes,
    events_per_second: one.eventsPerSecond,
    reason: one.reason,
    requested_by: one.requestedBy,
    requested_at: dateOf(one.requestedAt)?.toISOString(),
    ended_at: dateOf(one.endedAt)?.toISOString(),
    events: one.events,
    sent: one.sent,
    refused: one.refused,
  };
}
