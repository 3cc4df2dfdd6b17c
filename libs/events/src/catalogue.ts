import { eventFiles } from './event-files.ts';
import type { EventType } from './event-type.ts';
import { nearestOf } from './nearest.ts';
import { readEventType } from './read-event-type.ts';

/** What a given name stands for: a type, with the alias that was used, or nothing but a guess. */
export type Resolved =
  | { readonly eventType: EventType; readonly alias?: string }
  | { readonly nearest: string | undefined };

/** Every event type there is, made from the messages of proto/ and their options. */
export interface Catalogue {
  get(type: string): EventType | undefined;
  /** In the order of the proto files. */
  all(): readonly EventType[];
  /** Finds the type of a name as people and older systems write it; see events.md §1.5. */
  resolve(given: string): Resolved;
}

// Names of earlier systems that the general rule does not reach.
const ALIASES: Readonly<Record<string, string>> = {
  message_sent: 'message_created',
  message_persisted: 'message_created',
};

const MAX_GIVEN_LENGTH = 255;

export const catalogue: Catalogue = makeCatalogue(readAll());

function readAll(): EventType[] {
  return eventFiles
    .flatMap((file) => file.messages)
    .map(readEventType)
    .filter((eventType) => eventType !== undefined);
}

function makeCatalogue(types: readonly EventType[]): Catalogue {
  const byType = new Map(types.map((eventType) => [eventType.type, eventType]));
  if (byType.size !== types.length) throw new TypeError('two messages make the same event type');
  const all = Object.freeze([...types]);
  const resolve = (given: string): Resolved => {
    const exact = byType.get(given);
    if (exact !== undefined) return { eventType: exact };
    if (given.length > MAX_GIVEN_LENGTH) return { nearest: undefined };
    const suffixes = suffixesOf(given);
    for (const suffix of suffixes) {
      const eventType = byType.get(suffix) ?? byType.get(ALIASES[suffix] ?? '');
      if (eventType !== undefined) return { eventType, alias: given };
    }
    return { nearest: nearestOf(suffixes, [...byType.keys()]) };
  };
  return { get: (type) => byType.get(type), all: () => all, resolve };
}

// "Community.post.created" → community_post_created, post_created, created.
function suffixesOf(given: string): readonly string[] {
  const segments = given.toLowerCase().replaceAll('.', '_').split('_');
  return segments.map((_, index) => segments.slice(index).join('_'));
}
