/**
 * The lanes in the order in which a member keeps them: those of the groups of which it has most first,
 * so that what it gives back leaves it with few groups.
 *
 * @param groups lanes whose numbers are the same modulo this are one group
 */
export function largestGroupsFirst<Lane extends { readonly lane: number }>(
  lanes: readonly Lane[],
  groups: number,
): readonly Lane[] {
  const members = Map.groupBy(lanes, ({ lane }) => lane % groups);
  return [...members]
    .sort(([one, ofOne], [other, ofOther]) => ofOther.length - ofOne.length || one - other)
    .flatMap(([, own]) => own);
}
