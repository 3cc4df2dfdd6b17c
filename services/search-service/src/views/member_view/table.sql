CREATE TABLE member_view (
  conversation_id uuid,
  user_id         uuid,
  -- Joined, left, joined, left, … as versions of the conversation.
  windows         bigint[] NOT NULL,
  PRIMARY KEY (conversation_id, user_id)
);
-- The conversations of a user.
CREATE INDEX member_view_user ON member_view (user_id);
