CREATE TABLE member_view (
  conversation_id text COLLATE "C",
  user_id         text COLLATE "C",
  is_member       boolean NOT NULL,
  role            text NOT NULL,
  windows         bigint[] NOT NULL,
  met_version     bigint,
  PRIMARY KEY (conversation_id, user_id)
);
-- The conversations of a user.
CREATE INDEX member_view_of_user ON member_view (user_id, conversation_id);
-- How many members a conversation has.
CREATE INDEX member_view_present ON member_view (conversation_id) WHERE is_member;
