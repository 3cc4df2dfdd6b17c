import { EventsService } from '@nova/proto/gen/events/events_service_pb';
import type {
  ConsumeRequestSchema,
  ConsumeResponse,
  Delivery,
} from '@nova/proto/gen/events/subscriptions_pb';
import type { MessageInitShape } from '@nova/proto/runtime';
import { type Client, RpcError } from '@nova/rpc';
import { type Backoff, backoffMs, Signal, sleep } from '@nova/time';
import { withEventsClient } from '../calls.ts';
import type { Output } from '../output.ts';
import { eventDocument, eventLine } from '../tailing/event-line.ts';
import type { ExitCode, Invocation } from '../verb.ts';
import { storedEvent } from './stored-event.ts';

const BACKOFF: Backoff = { initialMs: 200, factor: 2, maxMs: 3000, jitter: 0.3 };
const FOR_LONG_MS = 3_600_000;

type Call = Pick<Invocation, 'args' | 'out' | 'signal' | 'environment' | 'portOffset'>;
type Request = MessageInitShape<typeof ConsumeRequestSchema>;

/** What the person asked for. */
export interface ConsumeWishes {
  /** Events to show; 0 = no end. */
  readonly count: number;
  readonly credits: number;
  readonly peek: boolean;
}

/**
 * `subscribe consume`: shows events and acknowledges each. A lost connection is made again; what was
 * shown without its acknowledgement being stored is then shown once more. @throws RpcError
 */
export async function runConsume(call: Call, wishes: ConsumeWishes): Promise<ExitCode> {
  const { signal, out } = call;
  const { count, credits, peek } = wishes;
  const asked = count === 0 ? Number.POSITIVE_INFINITY : count;
  // Without acknowledgements no more come than there are credits.
  const most = peek ? Math.min(asked, credits) : asked;
  const standing = { left: most, attempt: 0, wasThere: false };
  await withEventsClient(EventsService, call, async (client) => {
    while (standing.left > 0 && !signal.aborted) {
      try {
        await once(client, call, wishes, standing);
        return;
      } catch (thrown) {
        const isPassing = thrown instanceof RpcError && thrown.status === 'UNAVAILABLE';
        if (!isPassing || !standing.wasThere) throw thrown;
        out.note(`the connection was lost (${thrown.status}); going on …`);
      }
      standing.attempt += 1;
      await sleep(backoffMs(BACKOFF, standing.attempt), signal);
    }
  });
  return 0;
}

interface Standing {
  left: number;
  attempt: number;
  wasThere: boolean;
}

/** One stream: ends when enough was shown, or Ctrl-C was pressed, and what was said is stored. */
async function once(
  client: Client<typeof EventsService>,
  { args, out, signal }: Call,
  { credits, peek }: ConsumeWishes,
  standing: Standing,
): Promise<void> {
  const subscription = args[0] ?? '';
  const saying = new Saying();
  const stop = () => saying.end();
  signal.addEventListener('abort', stop);
  const start = { subscription, consumer: 'nova', credits: Math.min(credits, standing.left) };
  saying.say({ content: { case: 'start', value: start } });
  if (signal.aborted) saying.end();
  try {
    for await (const answer of client.consume(saying.all())) {
      standing.wasThere = true;
      standing.attempt = 0;
      const delivery = deliveryOf(answer);
      if (delivery === undefined || standing.left <= 0 || signal.aborted) continue;
      show(delivery, out);
      await out.drained();
      standing.left -= 1;
      const positions = [delivery.event?.position ?? ''];
      if (!peek) saying.say({ content: { case: 'ack', value: { positions } } });
      if (standing.left <= 0) saying.end();
    }
  } finally {
    signal.removeEventListener('abort', stop);
    saying.end();
  }
}

function deliveryOf({ content }: ConsumeResponse): Delivery | undefined {
  return content.case === 'delivery' ? content.value : undefined;
}

/** What the consumer says, in order, until it ends. */
class Saying {
  readonly #waiting: Request[] = [];
  readonly #news = new Signal();
  readonly #never = new AbortController();
  #isOver = false;

  say(request: Request): void {
    this.#waiting.push(request);
    this.#news.notify();
  }

  end(): void {
    this.#isOver = true;
    this.#news.notify();
  }

  async *all(): AsyncGenerator<Request> {
    for (;;) {
      const next = this.#waiting.shift();
      if (next !== undefined) yield next;
      else if (this.#isOver) return;
      else await this.#news.wait(FOR_LONG_MS, this.#never.signal);
    }
  }
}

function show({ event, attempt, replayId }: Delivery, out: Output): void {
  if (event === undefined) throw new TypeError('a delivery without its event');
  const stored = storedEvent(event);
  if (out.format === 'json') {
    const replay = replayId === '' ? {} : { replay_id: replayId };
    out.jsonLine({ ...eventDocument(stored), attempt, ...replay });
    return;
  }
  const again = attempt > 1 ? out.style.warn(`  attempt ${attempt}`) : '';
  out.line(`${eventLine(stored, out.style, out.width)}${again}`);
}
