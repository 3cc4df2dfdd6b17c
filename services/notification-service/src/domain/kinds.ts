/** What a notice may be about. */
export const KINDS = [
  'direct_message',
  'mention',
  'member_added',
  'friend_added',
  'contact_applied',
  'contact_reviewed',
  'followed',
  'post_liked',
  'comment_liked',
  'post_commented',
  'comment_replied',
] as const;

/** One of the kinds. */
export type Kind = (typeof KINDS)[number];

/** The preference that speaks for all kinds. */
export const ALL_KINDS = 'all';

/** The value of a preference that stops notices. Any other value lets them through. */
export const OFF = 'off';

/** True for a name of a preference that has a meaning: a kind, or `all`. */
export function isPreference(name: string): boolean {
  return name === ALL_KINDS || KINDS.some((kind) => kind === name);
}
