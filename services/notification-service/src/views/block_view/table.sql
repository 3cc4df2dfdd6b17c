-- A row says that the user has blocked the other; its id is derived from both.
CREATE TABLE block_view (
  contact_id text COLLATE "C" PRIMARY KEY,
  user_id    text NOT NULL,
  friend_id  text NOT NULL
);
