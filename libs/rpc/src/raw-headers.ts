import type { EventEmitter } from 'node:events';
import type { ServerHttp2Stream } from 'node:http2';
import type { Server } from '@grpc/grpc-js';

const received = new WeakMap<object, readonly string[]>();

/**
 * Sees each stream before the library does, and keeps its headers as they came: of a repeated
 * `authorization` Node hands over the first and drops the rest, so that a proxy that looked at the last
 * would have seen another caller than we do. What `answers` has answered, the library never sees; it
 * keeps its HTTP/2 servers to itself, and a spec fails when it hides them better.
 */
export function beforeLibrary(
  server: Server,
  answers: (stream: ServerHttp2Stream) => boolean,
): void {
  const servers: unknown = Reflect.get(server, 'http2Servers');
  if (!(servers instanceof Map) || servers.size === 0) {
    throw new Error('the HTTP/2 servers of the gRPC library are not where they were');
  }
  // Keys of a private map of the library, which are http2.Http2Server.
  for (const http2 of servers.keys() as Iterable<EventEmitter>) {
    const listeners = http2.listeners('stream');
    http2.removeAllListeners('stream');
    http2.on(
      'stream',
      (stream: ServerHttp2Stream, headers: unknown, flags: number, raw: readonly string[]) => {
        received.set(stream, raw);
        if (answers(stream)) return;
        for (const listener of listeners) {
          Reflect.apply(listener, http2, [stream, headers, flags, raw]);
        }
      },
    );
  }
}

/** Every value of a header of the stream, as sent; undefined for a stream that is not known. */
export function rawHeader(stream: object, name: string): readonly string[] | undefined {
  const raw = received.get(stream);
  return raw?.filter((_, at) => at % 2 === 1 && raw[at - 1] === name);
}
