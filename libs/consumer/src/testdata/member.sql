CREATE TABLE member_view (
  conversation_id text COLLATE "C",
  user_id         text COLLATE "C",
  since_version   bigint NOT NULL,
  PRIMARY KEY (conversation_id, user_id)
);
