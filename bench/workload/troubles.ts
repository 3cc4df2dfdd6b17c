/** What an event of a workload with troubles is. */
export type EventKind = 'other' | 'hot' | 'poison' | 'oversize';

/** Bytes of a payload that topics with {@link TOPIC_LIMIT} do not take. */
export const OVERSIZE_BYTES = 100 * 1024;
/** Largest record batch of topics that refuse what is oversize. */
export const TOPIC_LIMIT = 64 * 1024;
const POISON = 'poison ';

/**
 * Of 100 events of a workload with troubles 50 are of one aggregate, one cannot be folded and one is
 * too large for its topic, each of these of an aggregate of its own. The other 48 are what they are
 * without troubles.
 */
export function kindOf(
  { troubled = false }: { readonly troubled?: boolean },
  n: number,
): EventKind {
  if (!troubled) return 'other';
  if (n % 2 === 0) return 'hot';
  if (n % 100 === 7) return 'poison';
  return n % 100 === 57 ? 'oversize' : 'other';
}

/** What the content of poison begins with. */
export function contentStart(kind: EventKind): string {
  return kind === 'poison' ? POISON : '';
}

/** Whether a fold must fail at it. */
export function isPoison(content: string): boolean {
  return content.startsWith(POISON);
}
