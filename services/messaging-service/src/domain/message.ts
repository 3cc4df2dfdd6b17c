/** A message as the service keeps it. A row of message_view. */
export interface StoredMessage {
  readonly conversation_id: string;
  readonly message_id: string;
  /** 1, 2, 3 … in the conversation: the type sequence of its message_created. */
  readonly sequence: number;
  /** Version of the conversation. */
  readonly version: number;
  readonly sender_id: string;
  readonly content: string;
  readonly message_type: string;
  readonly mentioned_user_ids: readonly string[];
  readonly reply_to_message_id: string | null;
  readonly ciphertext: string | null;
  readonly nonce: string | null;
  readonly created_at: string;
  readonly stored_at: string;
  readonly edited_at: string | null;
  readonly is_deleted: boolean;
}
