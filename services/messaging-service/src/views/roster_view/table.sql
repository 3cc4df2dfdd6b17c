CREATE TABLE roster_view (
  conversation_id     text COLLATE "C" PRIMARY KEY,
  owner_ids           text[] NOT NULL,
  admin_ids           text[] NOT NULL,
  last_joined_version bigint NOT NULL
);
