import type { ClientDuplexStream } from '@grpc/grpc-js';
import type { MessageFields } from './implement.ts';

type GrpcCall = ClientDuplexStream<MessageFields, unknown>;

/**
 * Sends what `requests` yields, no faster than the other side takes it, while its answers are read.
 * A failure of `requests` cancels the call and is thrown; when the call ends first, `requests` is
 * told to return and not waited for, since it may be waiting for something that does not come.
 */
export async function* exchange(
  call: GrpcCall,
  requests: AsyncIterable<MessageFields>,
): AsyncGenerator<unknown> {
  const sending = new Sending(call, requests);
  try {
    yield* call;
  } catch (thrown) {
    throw sending.failed ? sending.failure : thrown;
  } finally {
    sending.stop();
    call.cancel();
  }
}

class Sending {
  readonly #call: GrpcCall;
  readonly #iterator: AsyncIterator<MessageFields>;
  #stopped = false;
  #goOn: (() => void) | undefined;
  failed = false;
  failure: unknown;

  constructor(call: GrpcCall, requests: AsyncIterable<MessageFields>) {
    this.#call = call;
    this.#iterator = requests[Symbol.asyncIterator]();
    call.on('drain', () => this.#goOn?.());
    // Also told when the call ends while nobody iterates over its answers.
    call.on('error', () => this.stop());
    call.on('status', () => this.stop());
    void this.#run();
  }

  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#goOn?.();
    this.#iterator.return?.().then(undefined, () => {});
  }

  async #run(): Promise<void> {
    try {
      while (!this.#stopped) {
        const next = await this.#iterator.next();
        if (this.#stopped) return;
        if (next.done === true) {
          this.#call.end();
          return;
        }
        if (!this.#call.write(next.value)) await this.#drained();
      }
    } catch (thrown) {
      if (this.#stopped) return;
      this.failed = true;
      this.failure = thrown;
      this.#call.cancel();
    }
  }

  async #drained(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#goOn = resolve;
    });
    this.#goOn = undefined;
  }
}
