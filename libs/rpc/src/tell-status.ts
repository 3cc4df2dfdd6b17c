import { afterAnswers, afterRest, cutUnlessClosed, type Http2Stream } from './http2-stream.ts';
import type { Limits } from './limits.ts';

/** How far the request of a call has come when the call is over. */
export interface RequestState {
  readonly isComplete: boolean;
  /** One message; else it goes on for as long as the caller likes. */
  readonly isSingle: boolean;
  readonly beganMsAgo: number;
  /** The server stops: nobody waits for the rest of it. */
  readonly isUnwanted: boolean;
}

/** What a caller that still sends may go on after its status is out. */
const LINGER_MS = 1000;
/** What a caller gets at least to send the rest, whose time for that is nearly over. */
const LEAST_REST_MS = 500;

/**
 * Tells a caller how its call ended: when its single request has come, or the time for that is over; at
 * once while the server stops.
 */
export function tellStatus(
  stream: Http2Stream | undefined,
  { isComplete, isSingle, beganMsAgo, isUnwanted }: RequestState,
  { uploadMs, unreadMs }: Pick<Limits, 'uploadMs' | 'unreadMs'>,
  tell: () => void,
): void {
  const tellAndCut = () => {
    if (!isComplete) afterAnswers(stream, () => cutUnlessClosed(stream, LINGER_MS));
    tell();
    cutUnlessClosed(stream, unreadMs);
  };
  if (isComplete || !isSingle || isUnwanted) tellAndCut();
  else afterRest(stream, Math.max(LEAST_REST_MS, uploadMs - beganMsAgo), tellAndCut);
}
