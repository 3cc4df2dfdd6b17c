CREATE TABLE reaction_view (
  conversation_id text COLLATE "C",
  message_id      text COLLATE "C",
  emoji_key       text COLLATE "C",
  user_id         text COLLATE "C",
  emoji           text NOT NULL,
  PRIMARY KEY (conversation_id, message_id, emoji_key, user_id)
);
