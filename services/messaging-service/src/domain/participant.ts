/** What a user has read and arranged in a conversation. A row of participant_view. */
export interface Participant {
  readonly participant_id: string;
  readonly conversation_id: string;
  readonly user_id: string;
  /** Sequence number up to which the user has read; 0 = nothing. */
  readonly last_read_sequence: number;
  /** Sequence number up to which the user does not want to see messages any more. */
  readonly cleared_sequence: number;
  readonly is_pinned: boolean;
  readonly is_muted: boolean;
  readonly is_hidden: boolean;
  readonly is_starred: boolean;
}
