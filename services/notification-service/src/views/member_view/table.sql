-- Who is a member at present: only members are told that they were mentioned.
CREATE TABLE member_view (
  conversation_id text COLLATE "C",
  user_id         text COLLATE "C",
  PRIMARY KEY (conversation_id, user_id)
);
