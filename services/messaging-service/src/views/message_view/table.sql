CREATE TABLE message_view (
  conversation_id     text COLLATE "C",
  message_id          text COLLATE "C",
  sequence            bigint NOT NULL,
  version             bigint NOT NULL,
  sender_id           text COLLATE "C" NOT NULL,
  content             text NOT NULL,
  message_type        text NOT NULL,
  mentioned_user_ids  text[] NOT NULL,
  reply_to_message_id text,
  ciphertext          text,
  nonce               text,
  created_at          text NOT NULL,
  stored_at           text NOT NULL,
  edited_at           text,
  is_deleted          boolean NOT NULL,
  PRIMARY KEY (conversation_id, message_id)
);
-- History, the last message, and what is unread: that one from the index alone.
CREATE INDEX message_view_sequence ON message_view (conversation_id, sequence)
  INCLUDE (sender_id, is_deleted);
-- Which messages lie within a membership, whose ends are versions of the conversation.
CREATE INDEX message_view_version ON message_view (conversation_id, version) INCLUDE (sequence);
