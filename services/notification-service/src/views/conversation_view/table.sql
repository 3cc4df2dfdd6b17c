-- Where messages are said: what a notice needs to know of it. pair holds the members of a direct
-- conversation, and while the kind is unknown the first few members; of a group it is empty.
CREATE TABLE conversation_view (
  conversation_id text COLLATE "C" PRIMARY KEY,
  kind            text,
  name            text,
  pair            text[] NOT NULL
);
