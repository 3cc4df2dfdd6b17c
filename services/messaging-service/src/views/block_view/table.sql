CREATE TABLE block_view (
  contact_id text COLLATE "C" PRIMARY KEY,
  user_id    text NOT NULL,
  blocked_id text NOT NULL
);
