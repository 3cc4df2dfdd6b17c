/** What a member may do in a group; in a direct conversation both are plain members. */
export type MemberRole = 'owner' | 'admin' | 'member';

const ROLES: readonly MemberRole[] = ['owner', 'admin', 'member'];

/** Names a user's place in a conversation. */
export interface MemberKey {
  readonly conversation_id: string;
  readonly user_id: string;
}

/** What a user is and was in a conversation. A row of member_view. */
export interface Membership extends MemberKey {
  readonly is_member: boolean;
  readonly role: MemberRole;
  /**
   * The times of membership as versions of the conversation: joined, left, joined, left, …; an odd
   * length means that the last one is open. A message is within one when its version lies between,
   * both ends excluded.
   */
  readonly windows: readonly number[];
  /** Version of the first message that made the row: sent by or to somebody who was no member. */
  readonly met_version: number | null;
}

/** As many times of membership are kept; what was said in older ones is not shown any more. */
const MAX_WINDOWS = 100;

/** The role that a text names, if it is one. */
export function roleNamed(given: string | undefined): MemberRole | undefined {
  return ROLES.find((role) => role === given);
}

/**
 * The membership after joining at a version. Who is a member already stays one since when they
 * joined; a role that is named counts in any case.
 */
export function joined(
  membership: Membership | undefined,
  key: MemberKey,
  version: number,
  role: MemberRole | undefined,
): Membership {
  if (membership?.is_member === true) {
    return role === undefined || role === membership.role ? membership : { ...membership, role };
  }
  const windows = [...(membership?.windows ?? []), version];
  return {
    ...key,
    is_member: true,
    role: role ?? 'member',
    windows: windows.length > 2 * MAX_WINDOWS ? windows.slice(2) : windows,
    met_version: membership?.met_version ?? null,
  };
}

/** The membership after leaving at a version; of somebody who is no member, what it was. */
export function left(membership: Membership | undefined, version: number): Membership | undefined {
  if (membership?.is_member !== true) return membership;
  return { ...membership, is_member: false, windows: [...membership.windows, version] };
}

/** What somebody has who sent or got a message without being a member. */
export function met(
  membership: Membership | undefined,
  key: MemberKey,
  version: number,
): Membership {
  return (
    membership ?? { ...key, is_member: false, role: 'member', windows: [], met_version: version }
  );
}

/** Whether something with this version of the conversation happened within the membership. */
export function isWithin({ windows }: Pick<Membership, 'windows'>, version: number): boolean {
  for (let at = 0; at < windows.length; at += 2) {
    const [since = 0, until = Number.POSITIVE_INFINITY] = windows.slice(at, at + 2);
    if (since < version && version < until) return true;
  }
  return false;
}
