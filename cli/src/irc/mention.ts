/**
 * The nick that a message addresses: a leading `nick:` or `nick,` of one of `nicks`, case-sensitive.
 * A nick written with a space after its last bracket (`[bob] :`) is found as well.
 *
 * @param longestNick length of the longest of `nicks`; nothing beyond it is looked at
 */
export function addressedNick(
  text: string,
  nicks: { has(nick: string): boolean },
  longestNick: number,
): string | undefined {
  // Only where a nick itself contains one of the two characters is there more than one candidate.
  const furthest = Math.min(text.length, longestNick + 2);
  for (let end = 1; end < furthest; end += 1) {
    const character = text[end];
    if (character !== ':' && character !== ',') continue;
    const written = text.slice(0, end);
    if (nicks.has(written)) return written;
    const bare = written.endsWith('] ') ? written.slice(0, -1) : written;
    if (nicks.has(bare)) return bare;
  }
  return undefined;
}
