import { NovaError } from '@nova/errors';
import { type DescMessage, fromBinary, type Message } from '@nova/proto/runtime';
import { errors } from './errors.ts';

/**
 * The incoming half of a call: asks the library for one message at a time, so that a caller who
 * sends much cannot fill our memory. Decoding is done here and not by the library, which would
 * call a caller's mistake an internal error of ours.
 */
export class RequestReader {
  readonly #input: DescMessage;
  readonly #startRead: () => void;
  #waiting: ((bytes: Uint8Array | undefined) => void) | undefined;
  #ended = false;

  constructor(input: DescMessage, startRead: () => void) {
    this.#input = input;
    this.#startRead = startRead;
  }

  /** True once the caller has said that nothing more comes. */
  get complete(): boolean {
    return this.#ended;
  }

  /** The library hands over a message. */
  receive(bytes: Uint8Array): void {
    this.#deliver(bytes);
  }

  /** The library says that nothing more comes; also when the call is over. */
  end(): void {
    this.#ended = true;
    this.#deliver(undefined);
  }

  /**
   * The single message of a request.
   *
   * @throws RPC_UNDECODABLE when there is none, more than one, or it is not of the right type.
   */
  async single(): Promise<Message> {
    const bytes = await this.#next();
    if (bytes === undefined) throw undecodable('it ended before one whole message');
    if ((await this.#next()) !== undefined) throw undecodable('it has more than one message');
    return this.#decode(bytes);
  }

  /** All messages of a streamed request. */
  async *all(): AsyncIterable<Message> {
    for (let bytes = await this.#next(); bytes !== undefined; bytes = await this.#next()) {
      yield this.#decode(bytes);
    }
  }

  #next(): Promise<Uint8Array | undefined> {
    if (this.#ended) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.#waiting = resolve;
      this.#startRead();
    });
  }

  #deliver(bytes: Uint8Array | undefined): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.(bytes);
  }

  #decode(bytes: Uint8Array): Message {
    try {
      return fromBinary(this.#input, bytes);
    } catch (thrown) {
      throw undecodable(`it is not a valid ${this.#input.typeName}`, thrown);
    }
  }
}

function undecodable(problem: string, cause?: unknown): NovaError {
  return new NovaError(errors.RPC_UNDECODABLE, { problem }, { cause });
}
