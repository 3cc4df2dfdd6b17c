import type { Violation } from '@nova/errors';

const MOST_KINDS = 20;

/** What is wrong with the kinds of a request. Kinds that nobody uses are not: they select nothing. */
export function checkKinds(kinds: readonly string[]): Violation[] {
  if (kinds.length > MOST_KINDS) {
    return [{ field: 'kinds', description: `must not be more than ${MOST_KINDS}` }];
  }
  return kinds.flatMap((kind, index) =>
    kind === '' || kind.includes('\0')
      ? [{ field: `kinds[${index}]`, description: 'must be the name of a kind' }]
      : [],
  );
}
