CREATE TABLE conversation_view (
  conversation_id  text COLLATE "C" PRIMARY KEY,
  kind             text,
  creator_id       text,
  name             text,
  avatar_url       text,
  info_ver         bigint,
  peer_ids         text[] NOT NULL,
  is_closed        boolean NOT NULL,
  created_at       text,
  last_sequence    bigint NOT NULL,
  last_activity_at text COLLATE "C" NOT NULL
);
