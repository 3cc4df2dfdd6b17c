import { randomUUID } from 'node:crypto';
import { EventsService } from '@nova/proto/gen/events/events_service_pb';
import { type Client, createClient, RpcError } from '@nova/rpc';
import { type TestProcess, testStack, waitFor } from '@nova/testkit';
import { sleep } from '@nova/time';

/** What became of the load while instances were replaced. */
export interface RollingReport {
  readonly restarts: number;
  /** Calls that were answered in the end. */
  readonly answered: number;
  /** Attempts that failed and were made again, with the same request id. */
  readonly repeated: number;
  /** Calls that failed although they were repeated. */
  readonly failed: readonly string[];
  /** Calls that left another number of events than one. */
  readonly notOnce: readonly string[];
  /** Events that the subscriber got twice or did not get. */
  readonly subscriberWrong: number;
  /** Longest time that an instance took to end, in milliseconds. */
  readonly longestStopMs: number;
}

const CLIENTS = 6;
/** Between the calls of a client, so that instances have something to start with. */
const BETWEEN_MS = 20;
const MOST_ATTEMPTS = 20;
const PAUSE_MS = 50;
const MOST_PAUSE_MS = 1000;

interface Instance {
  readonly process: TestProcess;
  readonly client: Client<typeof EventsService>;
}

/** Those that are in service, as a load balancer knows them: a new one before an old one goes. */
class Fleet {
  readonly instances: Instance[] = [];
  #next = 0;

  add(process: TestProcess): void {
    const { address } = process;
    const client = createClient(EventsService, { address, deadlineMs: 5000 });
    this.instances.push({ process, client });
  }

  pick(): Client<typeof EventsService> {
    this.#next += 1;
    const picked = this.instances[this.#next % this.instances.length];
    if (picked === undefined) throw new Error('no instance is in service');
    return picked.client;
  }
}

/**
 * Publishes some hundred events a second while one instance of events-service after the other is replaced, and
 * follows what is stored. Whoever replaces them does what an orchestrator does: it starts the new
 * one, waits until that is ready, and sends SIGTERM to the oldest, which clients still know.
 */
export async function rollingRestarts(restarts: number): Promise<RollingReport> {
  const stack = await testStack();
  const fleet = new Fleet();
  const stop = new AbortController();
  const load: Load = { answered: new Map(), repeated: 0, failed: [] };
  try {
    fleet.add(stack.log);
    fleet.add(await stack.anotherLog());
    const seen: string[] = [];
    const following = follow(fleet, seen, stop.signal);
    const loaded = new AbortController();
    const clients = Array.from({ length: CLIENTS }, () => publish(fleet, load, loaded.signal));
    let longestStopMs = 0;
    for (let restart = 1; restart <= restarts; restart += 1) {
      fleet.add(await stack.anotherLog());
      const oldest = fleet.instances[0];
      const beganMs = performance.now();
      await oldest?.process.stop();
      longestStopMs = Math.max(longestStopMs, performance.now() - beganMs);
      fleet.instances.shift();
      oldest?.client.close();
    }
    loaded.abort();
    await Promise.all(clients);
    await waitFor(() => seen.length >= load.answered.size, {
      withinMs: 20_000,
      what: 'the subscriber to have caught up',
    });
    stop.abort();
    await following;
    const rows = await stack.database.database.query<{ id: string; n: bigint }>(
      'SELECT aggregate_id AS id, count(*) AS n FROM outbox_events GROUP BY aggregate_id',
    );
    const got = new Set(seen);
    const counts = new Map(rows.map(({ id, n }) => [id, n]));
    return {
      restarts,
      answered: load.answered.size,
      repeated: load.repeated,
      failed: load.failed,
      notOnce: [...load.answered.keys()].filter((id) => counts.get(id) !== 1n),
      subscriberWrong:
        seen.length -
        got.size +
        [...load.answered.values()].filter((eventId) => !got.has(eventId)).length,
      longestStopMs: Math.round(longestStopMs),
    };
  } finally {
    stop.abort();
    for (const { client } of fleet.instances) client.close();
    await stack.remove();
  }
}

interface Load {
  /** Aggregate → event id. */
  readonly answered: Map<string, string>;
  readonly failed: string[];
  repeated: number;
}

async function publish(fleet: Fleet, load: Load, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    await sleep(BETWEEN_MS);
    const id = randomUUID();
    const request = {
      requestId: randomUUID(),
      eventType: 'message_created',
      aggregateId: id,
      payload: { message_id: id, sender_id: id, content: 'rolling' },
    };
    for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt += 1) {
      if (await isPublished(fleet, load, id, request)) break;
      if (attempt === MOST_ATTEMPTS) load.failed.push(id);
      load.repeated += 1;
      await pause(attempt);
    }
  }
}

type Request = Parameters<Client<typeof EventsService>['publishEvent']>[0];

async function isPublished(
  fleet: Fleet,
  { answered }: Load,
  id: string,
  request: Request,
): Promise<boolean> {
  try {
    const { event } = await fleet.pick().publishEvent(request);
    answered.set(id, event?.eventId ?? '');
    return true;
  } catch (thrown) {
    if (thrown instanceof RpcError) return false;
    throw thrown;
  }
}

/** Subscribes, and goes on after the last event it got whenever its stream is ended. */
async function follow(fleet: Fleet, seen: string[], stop: AbortSignal): Promise<void> {
  let last: string | undefined;
  for (let attempt = 1; !stop.aborted; attempt += 1) {
    try {
      const from =
        last === undefined
          ? { case: 'beginning' as const, value: true }
          : { case: 'position' as const, value: last };
      const stream = fleet.pick().subscribeToEvents({ from }, { signal: stop });
      for await (const message of stream) {
        attempt = 1;
        last = message.position;
        if (message.content.case === 'event') seen.push(message.content.value.eventId);
      }
    } catch {
      // Its instance was replaced.
    }
    if (!stop.aborted) await pause(attempt);
  }
}

function pause(attempt: number): Promise<void> {
  const ms = Math.min(PAUSE_MS * attempt, MOST_PAUSE_MS);
  return sleep(ms);
}
