import { once } from 'node:events';
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';

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

/** Connects to a port of this machine. */
export async function rawConnection(port: number): Promise<RawConnection> {
  const session = connect(`http://127.0.0.1:${port}`);
  session.on('error', () => {});
  await once(session, 'connect');
  const open = (headers: Record<string, string | string[]>) => {
    const stream = session.request({
      ':method': 'POST',
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    });
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
