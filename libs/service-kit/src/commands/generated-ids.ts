import { newEventId, requestEventId } from '@nova/events';
import type { GeneratedIds } from './command-spec.ts';
import type { RequestKey } from './request-key.ts';

/** The log makes the ids of a request's events, at most 500, of the indexes before it. */
const FIRST_INDEX = 500;

/** Ids for one decision, from the first again for the next one. */
export function generatedIds(key: RequestKey | undefined): GeneratedIds {
  if (key === undefined) return { next: newEventId };
  const { principal, method, requestId } = key;
  let index = FIRST_INDEX;
  return {
    next() {
      const id = requestEventId(principal, method, requestId, index);
      index += 1;
      return id;
    },
  };
}
