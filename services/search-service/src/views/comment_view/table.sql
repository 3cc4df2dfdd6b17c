CREATE TABLE comment_view (
  post_id      uuid,
  comment_id   uuid,
  author_id    uuid NOT NULL,
  -- Microseconds since 1970.
  commented_at bigint NOT NULL,
  content      text NOT NULL,
  words        text NOT NULL,
  is_deleted   boolean NOT NULL,
  lexemes      tsvector NOT NULL GENERATED ALWAYS AS (
    array_to_tsvector(string_to_array(words, ' '))) STORED,
  PRIMARY KEY (post_id, comment_id)
);
CREATE INDEX comment_view_lexemes ON comment_view USING gin (lexemes)
  WITH (gin_pending_list_limit = 1024);
-- The newest ones first.
CREATE INDEX comment_view_commented ON comment_view (commented_at, post_id, comment_id)
  WHERE NOT is_deleted;

-- note_words is made with message_view.
CREATE TRIGGER comment_view_words_of_new AFTER INSERT ON comment_view
  REFERENCING NEW TABLE AS noted FOR EACH STATEMENT EXECUTE FUNCTION note_words();
CREATE TRIGGER comment_view_words_of_changed AFTER UPDATE ON comment_view
  REFERENCING NEW TABLE AS noted FOR EACH STATEMENT EXECUTE FUNCTION note_words();
