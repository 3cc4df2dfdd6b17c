CREATE TABLE activity_view (
  conversation_id text COLLATE "C" PRIMARY KEY,
  messages        integer NOT NULL,
  members_added   integer NOT NULL,
  last_active_at  text NOT NULL
);
