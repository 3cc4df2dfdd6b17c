import type { EventsService } from '@nova/proto/gen/events/events_service_pb';
import type {
  ConsumeRequestSchema,
  ConsumeResponse,
  Delivery,
  NackAction,
} from '@nova/proto/gen/events/subscriptions_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import type { Client } from '@nova/rpc';
import { waitFor } from '@nova/testkit';

type Request = MessageInitShape<typeof ConsumeRequestSchema>;

/** An event as a consumer of a spec got it. */
export interface Got {
  readonly position: string;
  readonly eventId: string;
  readonly aggregateId: string;
  readonly version: bigint;
  readonly content: unknown;
  readonly attempt: number;
  readonly replayId: string;
}

/** How a consumer of a spec behaves. */
export interface Behaviour {
  readonly credits?: number;
  readonly consumer?: string;
  /** Called for each event; `true` acknowledges it at once. */
  readonly onEvent?: (got: Got) => boolean | Promise<boolean>;
}

/** A consumer of a subscription, for specs. */
export class SpecConsumer {
  readonly got: Got[] = [];
  /** Positions of which the service has said that they are settled, or stale. */
  readonly settled: string[] = [];
  readonly stale: string[] = [];
  failure: unknown;
  isStarted = false;
  readonly #requests: Request[] = [];
  #wake: (() => void) | undefined;
  #isEnded = false;
  readonly #leaving = new AbortController();
  readonly #over: Promise<void>;

  constructor(client: Client<typeof EventsService>, subscription: string, how: Behaviour = {}) {
    const { credits = 100, consumer = 'spec', onEvent = () => true } = how;
    this.say({ content: { case: 'start', value: { subscription, consumer, credits } } });
    this.#over = this.#run(client, onEvent);
  }

  say(request: Request): void {
    this.#requests.push(request);
    this.#wake?.();
  }

  ack(...positions: readonly string[]): void {
    this.say({ content: { case: 'ack', value: { positions: [...positions] } } });
  }

  nack(
    position: string,
    action: NackAction,
    more: { reason?: string; retryMs?: number } = {},
  ): void {
    const { reason = '', retryMs } = more;
    const retryAfter =
      retryMs === undefined
        ? undefined
        : { seconds: BigInt(Math.floor(retryMs / 1000)), nanos: (retryMs % 1000) * 1_000_000 };
    const value = { positions: [position], action, reason };
    this.say({
      content: {
        case: 'nack',
        value: retryAfter === undefined ? value : { ...value, retryAfter },
      },
    });
  }

  contents(): unknown[] {
    return this.got.map(({ content }) => content);
  }

  async until(what: string, condition: (consumer: this) => boolean): Promise<void> {
    await waitFor(() => condition(this), { withinMs: 30_000, what });
  }

  async started(): Promise<this> {
    await this.until('the consumer to be known', () => this.isStarted);
    return this;
  }

  /** Says that nothing more comes, and waits for the end. */
  async finish(): Promise<void> {
    this.#isEnded = true;
    this.#wake?.();
    await this.#over;
  }

  /** Breaks off, as one that dies. */
  async die(): Promise<void> {
    this.#leaving.abort();
    await this.#over;
  }

  /** Waits until the service has ended the stream, and tells why. */
  async ended(): Promise<unknown> {
    await this.#over;
    return this.failure;
  }

  async #run(
    client: Client<typeof EventsService>,
    onEvent: NonNullable<Behaviour['onEvent']>,
  ): Promise<void> {
    try {
      const answers = client.consume(this.#all(), { signal: this.#leaving.signal });
      for await (const answer of answers) await this.#take(answer, onEvent);
    } catch (thrown) {
      this.failure = thrown;
    }
  }

  async #take({ content }: ConsumeResponse, onEvent: NonNullable<Behaviour['onEvent']>) {
    switch (content.case) {
      case 'started':
        this.isStarted = true;
        break;
      case 'settled':
        this.settled.push(...content.value.positions);
        this.stale.push(...content.value.stale);
        break;
      case 'delivery': {
        const got = gotOf(content.value);
        this.got.push(got);
        if (await onEvent(got)) this.ack(got.position);
        break;
      }
      default:
        throw new TypeError('an answer without content');
    }
  }

  async *#all(): AsyncGenerator<Request> {
    for (;;) {
      const next = this.#requests.shift();
      if (next !== undefined) yield next;
      else if (this.#isEnded) return;
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}

function gotOf({ event, attempt, replayId }: Delivery): Got {
  if (event === undefined) throw new TypeError('a delivery without its event');
  const { position, eventId, aggregateId, aggregateVersion: version, payload } = event;
  return {
    position,
    eventId,
    aggregateId,
    version,
    attempt,
    replayId,
    content: payload?.['content'],
  };
}

/** What consumers do with events, and what may not be. */
export class Ledger {
  readonly problems: string[] = [];
  /** Positions that were handed out; that somebody acknowledged. */
  readonly handed = new Set<string>();
  readonly acknowledged = new Set<string>();
  readonly #settled = new Set<string>();
  readonly #gone = new Set<SpecConsumer>();
  /** What somebody works on, by aggregate. */
  readonly #open = new Map<string, { readonly by: SpecConsumer; readonly got: Got }>();

  /** A consumer works on an event for a while; true when it is done with it. */
  async work(by: SpecConsumer, got: Got, pace: number): Promise<boolean> {
    if (this.#gone.has(by)) return false;
    this.told(by);
    const { aggregateId, position } = got;
    this.handed.add(position);
    if (this.#settled.has(position)) this.problems.push(`${position} came after it was settled`);
    const other = this.#open.get(aggregateId);
    if (other !== undefined) {
      this.problems.push(`${position} came while ${other.got.position} was worked on`);
    }
    this.#open.set(aggregateId, { by, got });
    for (let turn = 0; turn <= pace; turn += 1) await new Promise(setImmediate);
    if (this.#open.get(aggregateId)?.by !== by) return false;
    this.#open.delete(aggregateId);
    this.acknowledged.add(position);
    return true;
  }

  /** From now on a consumer works on nothing. */
  leaves(by: SpecConsumer): void {
    this.#gone.add(by);
    for (const [aggregateId, open] of this.#open) {
      if (open.by === by) this.#open.delete(aggregateId);
    }
  }

  /** Notes what a consumer was told to be settled. */
  told(by: SpecConsumer): void {
    for (const position of by.settled) this.#settled.add(position);
  }
}
