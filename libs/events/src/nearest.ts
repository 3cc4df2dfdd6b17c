import { distance } from 'fastest-levenshtein';

/**
 * The candidate that the fewest edits lead to from any of the forms of a mistyped name; undefined
 * when nothing was given.
 */
export function nearestOf(
  forms: readonly string[],
  candidates: readonly string[],
): string | undefined {
  let nearest: string | undefined;
  let fewest = Number.POSITIVE_INFINITY;
  for (const form of forms.filter((form) => form !== '')) {
    for (const candidate of candidates) {
      const edits = distance(form, candidate);
      if (edits < fewest) [nearest, fewest] = [candidate, edits];
    }
  }
  return nearest;
}
