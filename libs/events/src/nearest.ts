import { distance } from 'fastest-levenshtein';

/** More of the longer word than this changed is no typing mistake any more. */
const LIKE = 0.4;
const LEAST_PIECE = 3;

/**
 * The candidate that the fewest edits lead to from any of the forms of a mistyped name; undefined when
 * none is like any of them. A piece of a candidate given as the first form, which is the whole name,
 * counts as one edit: `events` means `events-service`.
 */
export function nearestOf(
  forms: readonly string[],
  candidates: readonly string[],
): string | undefined {
  let nearest: string | undefined;
  let fewest = Number.POSITIVE_INFINITY;
  const [whole] = forms;
  for (const form of forms.filter((form) => form !== '')) {
    for (const candidate of candidates) {
      const isPiece = form === whole && form.length >= LEAST_PIECE && candidate.includes(form);
      const edits = isPiece ? 1 : distance(form, candidate);
      if (edits < fewest && edits <= editsAllowed(form, candidate)) {
        [nearest, fewest] = [candidate, edits];
      }
    }
  }
  return nearest;
}

function editsAllowed(form: string, candidate: string): number {
  return Math.max(1, Math.floor(Math.max(form.length, candidate.length) * LIKE));
}
