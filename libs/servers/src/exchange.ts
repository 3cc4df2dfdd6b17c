import { connect } from 'node:net';
import { messageOf, NovaError } from '@nova/errors';
import { errors } from './errors.ts';

/** One question to a local server. */
export interface Exchange<T> {
  readonly name: string;
  readonly port: number;
  readonly request: Buffer;
  /** Given all bytes so far: the answer, or undefined while it is incomplete. Throws on nonsense. */
  readonly read: (received: Buffer) => T | undefined;
  /** 2 s by default. */
  readonly withinMs?: number;
}

/**
 * Connects to 127.0.0.1, sends the request, returns what `read` makes of the answer.
 *
 * @throws SERVERS_NO_ANSWER in all other cases, after the deadline at the latest.
 */
export function exchange<T>({
  name,
  port,
  request,
  read,
  withinMs = 2000,
}: Exchange<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port });
    const chunks: Buffer[] = [];
    const fail = (reason: string, cause?: unknown) => {
      clearTimeout(timer);
      socket.destroy();
      reject(new NovaError(errors.SERVERS_NO_ANSWER, { name, port, reason }, { cause }));
    };
    const timer = setTimeout(() => fail(`silent for ${withinMs} ms`), withinMs);
    socket.once('connect', () => socket.write(request));
    socket.on('error', (thrown) => fail(thrown.message, thrown));
    socket.on('close', () => fail('it closed the connection'));
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      try {
        const answer = read(Buffer.concat(chunks));
        if (answer === undefined) return;
        clearTimeout(timer);
        resolve(answer);
        socket.destroy();
      } catch (thrown) {
        fail(messageOf(thrown), thrown);
      }
    });
  });
}
