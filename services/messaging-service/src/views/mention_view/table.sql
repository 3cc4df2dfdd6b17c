CREATE TABLE mention_view (
  conversation_id text COLLATE "C",
  message_id      text COLLATE "C",
  user_id         text COLLATE "C",
  version         bigint NOT NULL,
  PRIMARY KEY (conversation_id, message_id, user_id)
);
-- The mentions of a user above a read mark.
CREATE INDEX mention_view_of_user ON mention_view (user_id, conversation_id, version);
