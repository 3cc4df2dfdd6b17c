import { Metadata, type ServerInterceptingCallInterface } from '@grpc/grpc-js';
import { NovaError } from '@nova/errors';
import { create, type DescMessage, toBinary } from '@nova/proto/runtime';
import { CORRELATION_HEADER } from './correlation.ts';
import { errors } from './errors.ts';
import type { MessageFields } from './implement.ts';
import type { Limits } from './limits.ts';

// What the library and HTTP/2 keep beside each message that waits; small ones are mostly this.
const MESSAGE_OVERHEAD_BYTES = 512;

/**
 * The outgoing half of a call. It holds back the method when the caller does not read: what waits
 * is bounded in bytes, and a caller that reads nothing for long is given up.
 */
export class ResponseWriter {
  readonly #call: ServerInterceptingCallInterface;
  readonly #output: DescMessage;
  readonly #correlationId: string;
  readonly #limits: Pick<Limits, 'unreadBytes' | 'unreadMs'>;
  #started = false;
  #closed = false;
  #unreadBytes = 0;
  #progress: (() => void) | undefined;

  constructor(
    call: ServerInterceptingCallInterface,
    output: DescMessage,
    correlationId: string,
    limits: Pick<Limits, 'unreadBytes' | 'unreadMs'>,
  ) {
    this.#call = call;
    this.#output = output;
    this.#correlationId = correlationId;
    this.#limits = limits;
  }

  /**
   * Sends one answer, after waiting until there is room for it.
   *
   * @throws RPC_READER_TOO_SLOW when the caller reads nothing for `unreadMs`.
   */
  async send(answer: MessageFields): Promise<void> {
    // An empty message is a valid answer, so nothing at all would pass for one.
    if (typeof answer !== 'object' || answer === null) {
      throw new TypeError(`the method answered with ${answer}, not with a message`);
    }
    const encoded = toBinary(this.#output, create(this.#output, answer));
    while (this.#unreadBytes >= this.#limits.unreadBytes && !this.#closed) await this.#room();
    if (this.#closed) return;
    this.start();
    const heldBytes = encoded.byteLength + MESSAGE_OVERHEAD_BYTES;
    this.#unreadBytes += heldBytes;
    this.#call.sendMessage(asBuffer(encoded), () => {
      this.#unreadBytes -= heldBytes;
      this.#progress?.();
    });
  }

  /** Sends the headers of the answer; harmless twice. */
  start(): void {
    if (this.#started || this.#closed) return;
    this.#started = true;
    const headers = new Metadata();
    headers.set(CORRELATION_HEADER, this.#correlationId);
    this.#call.sendMetadata(headers);
  }

  /** The call is over: whoever waits for room goes on and sends nothing. */
  close(): void {
    this.#closed = true;
    this.#progress?.();
  }

  #room(): Promise<void> {
    const { unreadMs } = this.#limits;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#progress = undefined;
        reject(new NovaError(errors.RPC_READER_TOO_SLOW, { ms: unreadMs }));
      }, unreadMs);
      this.#progress = () => {
        clearTimeout(timer);
        this.#progress = undefined;
        resolve();
      };
    });
  }
}

// The library copies from a Buffer; this one shares the memory of the encoded message.
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
