/** A conversation as commands see it. A row of conversation_view. */
export interface Conversation {
  readonly conversation_id: string;
  /** direct or group; null where nobody has created it. */
  readonly kind: string | null;
  readonly creator_id: string | null;
  readonly name: string | null;
  readonly avatar_url: string | null;
  /** Version of name and picture at their owner. */
  readonly info_ver: number | null;
  /** Both sides of a direct conversation, else nobody. */
  readonly peer_ids: readonly string[];
  readonly is_closed: boolean;
  /** RFC 3339, UTC, microseconds, as are all times here. */
  readonly created_at: string | null;
  /** Sequence number of the last message; 0 = there is none. */
  readonly last_sequence: number;
  readonly last_activity_at: string;
}

/** Who has a say in a group. A row of roster_view. */
export interface Roster {
  readonly conversation_id: string;
  readonly owner_ids: readonly string[];
  readonly admin_ids: readonly string[];
  /** Version of the last event that may have made somebody a member. */
  readonly last_joined_version: number;
}

/** The other side of a direct conversation. */
export function peerOf(conversation: Conversation, userId: string): string | undefined {
  return conversation.peer_ids.find((peer) => peer !== userId);
}
