import { randomUUID } from 'node:crypto';
import { directConversationId } from '@nova/events';
import { EventsService } from '@nova/proto/gen/events/events_service_pb';
import { type Client, createClient, RpcError } from '@nova/rpc';
import { sleep } from '@nova/time';
import type { AskedEvent, ToldEvent } from '../checker/history.ts';
import type { HistoryFile } from './history-file.ts';
import { registerTypes } from './registrar.ts';

/** Answers that say for certain that nothing was stored, and that asking again is of no use. */
const REFUSALS = new Set(['ABORTED', 'FAILED_PRECONDITION', 'INVALID_ARGUMENT', 'ALREADY_EXISTS']);
const CONVERSATIONS = 8;
/** Of the requests 5 in 100 are such a pair, 30 a batch. */
const PAIRS = 0.05;
const BATCHES = 0.3;
const LEAST_IN_BATCH = 2;
const MOST_IN_BATCH = 60;
const DEADLINE_MS = 2500;
/** Longer than events-service waits for Kafka. */
const REGISTRATION_DEADLINE_MS = 10_000;

/** A direct conversation as its publisher knows it. */
interface Conversation {
  readonly id: string;
  readonly users: readonly [string, string];
  lastMessageId: string;
  /** The last version that an answer told. */
  version: number;
}

/** What publishers need. */
export interface LoadOptions {
  readonly address: string;
  readonly history: HistoryFile;
  readonly random: () => number;
  readonly publishers: number;
  /** Mean pause of a publisher after each event that it asked for. */
  readonly pauseMs: number;
  /** Whether somebody registers event types meanwhile. */
  readonly registers: boolean;
}

/**
 * Clients that publish side by side, each to conversations of its own: messages, edits, batches, pairs
 * of which only one may be stored. Requests are asked again with the same request id until they are
 * answered; now and then one is given up, so that it stays unknown.
 */
export class Load {
  readonly #options: LoadOptions;
  readonly #clients: Client<typeof EventsService>[] = [];
  #running: Promise<void>[] = [];
  #isOver = false;
  #isLeft = false;
  /** Events that were acknowledged. */
  acknowledged = 0;

  constructor(options: LoadOptions) {
    this.#options = options;
  }

  start(): void {
    this.#isOver = false;
    this.#isLeft = false;
    const { publishers, registers } = this.#options;
    this.#running = Array.from({ length: publishers }, () => this.#publish());
    if (!registers) return;
    const registering = this.#register();
    // Told by `stop`.
    registering.catch(() => {});
    this.#running.push(registering);
  }

  /**
   * Begins no new requests, and resolves when those in work have final answers, or none in this time.
   *
   * @throws what became of registrations, where that must not be
   */
  async stop(withinMs: number): Promise<void> {
    this.#isOver = true;
    const leaving = setTimeout(() => {
      this.#isLeft = true;
    }, withinMs);
    await Promise.all(this.#running);
    clearTimeout(leaving);
    // Also the probe of somebody who waits for it no more.
    this.#isLeft = true;
    for (const client of this.#clients.splice(0)) client.close();
  }

  /** Publishes one message more, to a conversation of its own; tells its ids. */
  async probe(): Promise<{ readonly messageId: string; readonly conversation: string }> {
    const client = this.#connect();
    const conversation = await this.#open(client);
    const event = this.#message(conversation);
    await this.#ask(client, [event], { givesUp: false });
    return { messageId: conversation.lastMessageId, conversation: conversation.id };
  }

  #register(): Promise<void> {
    const client = this.#connect();
    return registerTypes({
      client: this.#connect(REGISTRATION_DEADLINE_MS),
      history: this.#options.history,
      publish: async (event) =>
        (await this.#ask(client, [event], { givesUp: false })) !== undefined,
      isOver: () => this.#isOver,
      isLeft: () => this.#isLeft,
    });
  }

  #connect(deadlineMs = DEADLINE_MS): Client<typeof EventsService> {
    const { address } = this.#options;
    const client = createClient(EventsService, { address, deadlineMs });
    this.#clients.push(client);
    return client;
  }

  async #publish(): Promise<void> {
    const { random, pauseMs } = this.#options;
    const client = this.#connect();
    const conversations: Conversation[] = [];
    while (conversations.length < CONVERSATIONS && !this.#isOver) {
      conversations.push(await this.#open(client));
    }
    while (!this.#isOver) {
      const one = conversations[Math.floor(random() * conversations.length)];
      const count = one === undefined ? 0 : await this.#say(client, one);
      await sleep(2 * pauseMs * count * random());
    }
  }

  async #open(client: Client<typeof EventsService>): Promise<Conversation> {
    const users = [randomUUID(), randomUUID()] as const;
    const id = directConversationId(...users);
    const payload = { kind: 'direct', creator_id: users[0], member_ids: [users[1]] };
    const event = { id: randomUUID(), type: 'conversation_created', aggregate: id, payload };
    const told = await this.#ask(client, [event], { givesUp: false });
    return { id, users, lastMessageId: '', version: told?.[0]?.version ?? 0 };
  }

  /** Asks for one event or some more; resolves with how many. */
  async #say(client: Client<typeof EventsService>, one: Conversation): Promise<number> {
    const { random } = this.#options;
    const share = random();
    const givesUp = random() < 0.02;
    if (share < PAIRS) {
      const onVersion = one.version;
      const pair = [this.#message(one, { onVersion }), this.#message(one, { onVersion })];
      const answers = pair.map((event) => this.#ask(client, [event], { givesUp: false }));
      this.#learn(one, (await Promise.all(answers)).flat());
      return pair.length;
    }
    const isBatch = share < PAIRS + BATCHES;
    const more = MOST_IN_BATCH - LEAST_IN_BATCH + 1;
    const count = isBatch ? LEAST_IN_BATCH + Math.floor(random() * more) : 1;
    const events = Array.from({ length: count }, () =>
      random() < 0.3 && one.lastMessageId !== '' ? this.#edit(one) : this.#message(one),
    );
    this.#learn(one, await this.#ask(client, events, { givesUp }));
    return count;
  }

  #learn(one: Conversation, told: readonly (ToldEvent | undefined)[] | undefined): void {
    for (const event of told ?? []) one.version = Math.max(one.version, event?.version ?? 0);
  }

  #message(one: Conversation, more: Partial<AskedEvent> = {}): AskedEvent {
    one.lastMessageId = randomUUID();
    return this.#event(one, 'message_created', 'sender_id', more);
  }

  #edit(one: Conversation): AskedEvent {
    return this.#event(one, 'message_edited', 'editor_id', {});
  }

  #event(one: Conversation, type: string, by: string, more: Partial<AskedEvent>): AskedEvent {
    const { random } = this.#options;
    const author = one.users[random() < 0.5 ? 0 : 1];
    const content = `word ${Math.floor(random() * 1000)} of ${type}`;
    const payload = { message_id: one.lastMessageId, [by]: author, content };
    return { id: randomUUID(), type, aggregate: one.id, payload, ...more };
  }

  /** Asks until there is a final answer; undefined where it was refused or given up. */
  async #ask(
    client: Client<typeof EventsService>,
    events: readonly AskedEvent[],
    { givesUp }: { readonly givesUp: boolean },
  ): Promise<readonly ToldEvent[] | undefined> {
    const { history } = this.#options;
    const request = randomUUID();
    history.write({ kind: 'asked', request, events });
    for (;;) {
      try {
        const told = await send(client, request, events);
        history.write({ kind: 'acknowledged', request, events: told });
        this.acknowledged += told.length;
        return told;
      } catch (thrown) {
        const reason = thrown instanceof RpcError ? thrown.status : String(thrown);
        const isFinal = REFUSALS.has(reason);
        history.write({ kind: isFinal ? 'refused' : 'failed', request, reason });
        if (isFinal || givesUp || this.#isLeft) return undefined;
        await sleep(100);
      }
    }
  }
}

async function send(
  client: Client<typeof EventsService>,
  requestId: string,
  events: readonly AskedEvent[],
): Promise<ToldEvent[]> {
  const given = events.map(({ id, type, aggregate, payload }) => ({
    eventId: id,
    eventType: type,
    aggregateId: aggregate,
    // Messages: all fields are texts, or lists of them.
    payload: payload as Record<string, string | string[]>,
  }));
  const [only] = given;
  const onVersion = events[0]?.onVersion;
  const stored =
    given.length === 1 && only !== undefined
      ? [(await client.publishEvent({ ...only, requestId, ...conditionOn(onVersion) })).event]
      : (await client.publishEvents({ events: given, requestId })).results.map(({ outcome }) =>
          outcome.case === 'event' ? outcome.value : undefined,
        );
  return stored.flatMap((event) =>
    event === undefined
      ? []
      : [
          {
            id: event.eventId,
            version: Number(event.aggregateVersion),
            position: Number(event.position.slice(-19)),
          },
        ],
  );
}

function conditionOn(onVersion: number | undefined) {
  if (onVersion === undefined) return {};
  return { condition: { must: { case: 'version' as const, value: BigInt(onVersion) } } };
}
