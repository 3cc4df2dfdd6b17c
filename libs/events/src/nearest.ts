import { distance } from 'fastest-levenshtein';

/**
 * The candidate that the fewest edits lead to from any of the forms of a mistyped name; undefined
 * when nothing was given, or when more than `maxEdits` would be needed.
 */
export function nearestOf(
  forms: readonly string[],
  candidates: readonly string[],
  maxEdits: number = Number.POSITIVE_INFINITY,
): string | undefined {
  let nearest: string | undefined;
  let fewest = Number.POSITIVE_INFINITY;
  for (const form of forms.filter((form) => form !== '')) {
    for (const candidate of candidates) {
      const edits = distance(form, candidate);
      if (edits < fewest) [nearest, fewest] = [candidate, edits];
    }
  }
  return fewest > maxEdits ? undefined : nearest;
}
