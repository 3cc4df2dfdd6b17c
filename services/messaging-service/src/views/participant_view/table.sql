CREATE TABLE participant_view (
  participant_id     text COLLATE "C" PRIMARY KEY,
  conversation_id    text COLLATE "C" NOT NULL,
  user_id            text COLLATE "C" NOT NULL,
  last_read_sequence bigint NOT NULL,
  cleared_sequence   bigint NOT NULL,
  is_pinned          boolean NOT NULL,
  is_muted           boolean NOT NULL,
  is_hidden          boolean NOT NULL,
  is_starred         boolean NOT NULL
);
CREATE INDEX participant_view_of_user ON participant_view (user_id, conversation_id);
