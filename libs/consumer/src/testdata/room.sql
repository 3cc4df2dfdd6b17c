CREATE TABLE room_view (
  conversation_id text COLLATE "C" PRIMARY KEY,
  title           text,
  messages        integer NOT NULL,
  story           jsonb NOT NULL
);
