CREATE TABLE post_view (
  post_id    uuid PRIMARY KEY,
  author_id  uuid NOT NULL,
  title      text NOT NULL,
  content    text NOT NULL,
  -- public, private or friends_only.
  visibility text NOT NULL,
  -- Microseconds since 1970.
  posted_at  bigint NOT NULL,
  words      text NOT NULL,
  is_deleted boolean NOT NULL,
  -- The words, and whose: ~ author, by the end of the id.
  lexemes    tsvector NOT NULL GENERATED ALWAYS AS (
    CASE WHEN is_deleted THEN ''::tsvector ELSE array_to_tsvector(
      string_to_array(words, ' ') || ('~' || right(author_id::text, 8))) END) STORED
);
CREATE INDEX post_view_lexemes ON post_view USING gin (lexemes)
  WITH (gin_pending_list_limit = 1024);
-- The newest ones first.
CREATE INDEX post_view_posted ON post_view (posted_at, post_id) WHERE NOT is_deleted;

-- note_words is made with message_view.
CREATE TRIGGER post_view_words_of_new AFTER INSERT ON post_view
  REFERENCING NEW TABLE AS noted FOR EACH STATEMENT EXECUTE FUNCTION note_words();
CREATE TRIGGER post_view_words_of_changed AFTER UPDATE ON post_view
  REFERENCING NEW TABLE AS noted FOR EACH STATEMENT EXECUTE FUNCTION note_words();
