CREATE TABLE seat_view (
  conversation_id text COLLATE "C",
  user_id         text COLLATE "C",
  note            text,
  sequence        bigint,
  tags            jsonb,
  words           text[],
  search          tsvector GENERATED ALWAYS AS (to_tsvector('simple', coalesce(note, ''))) STORED,
  PRIMARY KEY (conversation_id, user_id)
);
CREATE INDEX seat_view_search ON seat_view USING gin (search);
