import { constants, type ServerHttp2Stream } from 'node:http2';
import type { ServerInterceptingCallInterface } from '@grpc/grpc-js';

/**
 * The HTTP/2 stream under a call. The library keeps it to itself but offers no way to end a call
 * whose caller neither sends nor reads, which only a reset of the stream does. A spec fails when a
 * new version of the library hides it better.
 */
export function http2StreamOf(call: ServerInterceptingCallInterface): Http2Stream | undefined {
  const stream: unknown = Reflect.get(call, 'stream');
  return isStream(stream) ? stream : undefined;
}

/** The few things that are done to a stream. */
export type Http2Stream = Pick<
  ServerHttp2Stream,
  | 'close'
  | 'closed'
  | 'destroyed'
  | 'headersSent'
  | 'once'
  | 'readableEnded'
  | 'removeAllListeners'
  | 'resume'
  | 'session'
>;

/**
 * Reads what the caller of a single request still sends, for nobody, and goes on when it has come, or
 * after `ms`. Unread it would take room from the connection's other calls. And a stream that its caller
 * has left with a status counts on against the streams of its connection until Node has put it away:
 * those above the limit are reset, and a connection with a hundred of them is ended.
 */
export function afterRest(stream: Http2Stream | undefined, ms: number, then: () => void): void {
  if (stream === undefined || stream.destroyed || stream.readableEnded) {
    then();
    return;
  }
  // Those of the library would stop after each message, until somebody wants it.
  stream.removeAllListeners('data');
  let isOver = false;
  const over = () => {
    clearTimeout(timer);
    if (!isOver) then();
    isOver = true;
  };
  const timer = setTimeout(over, ms);
  timer.unref();
  stream.once('end', over);
  stream.once('close', over);
  stream.resume();
}

/**
 * Goes on when all answers of a stream are out, and its status with them: a caller that does not read
 * for a while has them later, and would never see the status of a stream that is reset before.
 */
export function afterAnswers(stream: Http2Stream | undefined, then: () => void): void {
  if (stream === undefined) return;
  if (stream.headersSent) stream.once('wantTrailers', then);
  else stream.once('finish', then);
}

/** Resets `stream` unless it is closed within `ms`. */
export function cutUnlessClosed(stream: Http2Stream | undefined, ms: number): void {
  if (stream === undefined || stream.closed || stream.destroyed) return;
  const timer = setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), ms);
  timer.unref();
  stream.once('close', () => clearTimeout(timer));
}

function isStream(value: unknown): value is Http2Stream {
  return (
    typeof value === 'object' &&
    value !== null &&
    'close' in value &&
    typeof value.close === 'function' &&
    'once' in value &&
    typeof value.once === 'function'
  );
}
