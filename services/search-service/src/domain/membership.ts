/**
 * The times in which a user was a member of a conversation, as versions of the conversation: joined,
 * left, joined, left, …; an odd length means that the last one is open. What has a version between
 * joined and left, both excluded, was said while the user was a member.
 */
export type Windows = readonly number[];

/** As many times of membership are kept; what was said in older ones is not found any more. */
const MAX_WINDOWS = 100;

/** The windows after joining at a version. Who is a member already stays one since they joined. */
export function joined(windows: Windows, version: number): Windows {
  if (isMember(windows)) return windows;
  const longer = [...windows, version];
  return longer.length > 2 * MAX_WINDOWS ? longer.slice(2) : longer;
}

/** The windows after leaving at a version. */
export function left(windows: Windows, version: number): Windows {
  return isMember(windows) ? [...windows, version] : windows;
}

function isMember(windows: Windows): boolean {
  return windows.length % 2 === 1;
}
