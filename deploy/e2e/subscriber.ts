import type { EventsService } from '@nova/proto/gen/events/events_service_pb';
import type { Client } from '@nova/rpc';
import { sleep } from '@nova/time';

const AGAIN_MS = 200;

/** Consumes a durable subscription and acknowledges everything, over whatever ends its stream. */
export class Subscriber {
  /** Ids of the events that it was handed, some perhaps several times. */
  readonly told = new Set<string>();
  readonly #stopped = new AbortController();
  readonly #over: Promise<void>;

  constructor(client: Client<typeof EventsService>, subscription: string) {
    this.#over = this.#run(client, subscription);
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#over;
  }

  async #run(client: Client<typeof EventsService>, subscription: string): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      await this.#consume(client, subscription).catch(() => sleep(AGAIN_MS, signal));
    }
  }

  async #consume(client: Client<typeof EventsService>, subscription: string): Promise<void> {
    const { signal } = this.#stopped;
    const settled: string[] = [];
    let wake: () => void = () => {};
    const requests = async function* () {
      const value = { subscription, consumer: 'spec', credits: 100 };
      yield { content: { case: 'start' as const, value } };
      while (!signal.aborted) {
        const positions = settled.splice(0);
        if (positions.length > 0) yield { content: { case: 'ack' as const, value: { positions } } };
        else {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
    };
    signal.addEventListener('abort', () => wake(), { once: true });
    for await (const { content } of client.consume(requests(), { signal })) {
      if (content.case !== 'delivery' || content.value.event === undefined) continue;
      const { eventId, position } = content.value.event;
      this.told.add(eventId);
      settled.push(position);
      wake();
    }
  }
}
