import { once } from 'node:events';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type SecureClientSessionOptions,
} from 'node:http2';

/** How a call ended, as it stood on the wire. */
export interface RawAnswer {
  readonly httpStatus: number | undefined;
  readonly grpcStatus: number | undefined;
  readonly grpcMessage: string;
  readonly headers: Readonly<Record<string, unknown>>;
  /** HTTP/2 error code with which the stream was closed. */
  readonly resetCode: number | undefined;
  readonly body: Buffer;
}

/** An HTTP/2 connection that sends whatever it is told to. */
export interface RawConnection {
  readonly session: ClientHttp2Session;
  open(headers: Record<string, string | string[]>): ClientHttp2Stream;
  /** Sends one call with `body` as its bytes, framing included, and waits for its end. */
  call(
    path: string,
    body: Uint8Array,
    headers?: Record<string, string | string[]>,
  ): Promise<RawAnswer>;
  close(): void;
}

// A name may be repeated as no honest client would: a list of headers and this option let us. The
// types of Node 24 do not know the option yet.
const lenient: Record<string, unknown> = { strictSingleValueFields: false };

/** Connects to a port of this machine; with `tls`, encrypted. Rejects when it is refused. */
export async function rawConnection(
  port: number,
  tls?: SecureClientSessionOptions,
): Promise<RawConnection> {
  const session =
    tls === undefined
      ? connect(`http://127.0.0.1:${port}`, lenient)
      : connect(`https://localhost:${port}`, { ...tls, ...lenient });
  const failed = new Promise<never>((_, reject) => session.on('error', reject));
  failed.catch(() => {});
  await Promise.race([once(session, 'connect'), failed]);
  const open = (headers: Record<string, string | string[]>) => {
    const fields = {
      ':method': 'POST',
      ':scheme': tls === undefined ? 'http' : 'https',
      ':authority': 'localhost',
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    };
    const list = Object.entries(fields).flatMap(([name, value]) =>
      [value].flat().flatMap((one) => [name, one]),
    );
    const stream = session.request(list);
    stream.on('error', () => {});
    return stream;
  };
  return {
    session,
    open,
    call(path, body, headers = {}) {
      const stream = open({ ':path': path, ...headers });
      stream.end(body);
      return answerOf(stream);
    },
    close: () => session.destroy(),
  };
}

/** Waits for the end of a stream. */
export async function answerOf(stream: ClientHttp2Stream): Promise<RawAnswer> {
  const headers: Record<string, unknown> = {};
  const body: Buffer[] = [];
  stream.on('response', (given) => void Object.assign(headers, given));
  stream.on('trailers', (given) => void Object.assign(headers, given));
  stream.on('data', (chunk: Buffer) => body.push(chunk));
  // Not once(): that would reject on the error event of a stream that is reset.
  if (!stream.closed) await new Promise((resolve) => stream.on('close', resolve));
  const number = (name: string) =>
    headers[name] === undefined ? undefined : Number(headers[name]);
  return {
    httpStatus: number(':status'),
    grpcStatus: number('grpc-status'),
    grpcMessage: decodeURIComponent(String(headers['grpc-message'] ?? '')),
    headers,
    resetCode: stream.rstCode,
    body: Buffer.concat(body),
  };
}

/** A message as gRPC frames it. */
export function frame(message: Uint8Array, flag = 0): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(flag, 0);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** The messages in the body of an answer. */
export function messagesOf(body: Buffer): readonly Buffer[] {
  const messages: Buffer[] = [];
  for (let at = 0; at < body.length; ) {
    const end = at + 5 + body.readUInt32BE(at + 1);
    messages.push(body.subarray(at + 5, end));
    at = end;
  }
  return messages;
}
