-- A row says that the user has muted the conversation; its id is derived from both.
CREATE TABLE mute_view (
  participant_id  text COLLATE "C" PRIMARY KEY,
  conversation_id text NOT NULL,
  user_id         text NOT NULL
);
