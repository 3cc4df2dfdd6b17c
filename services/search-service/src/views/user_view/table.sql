CREATE TABLE user_view (
  user_id      uuid PRIMARY KEY,
  username     text NOT NULL,
  display_name text NOT NULL,
  avatar_url   text NOT NULL,
  bio          text NOT NULL,
  is_verified  boolean NOT NULL,
  -- active, suspended, deactivated or deleted.
  status       text NOT NULL,
  -- Version of the profile at the identity system.
  info_ver     bigint,
  -- Microseconds since 1970.
  created_at   bigint NOT NULL,
  words        text NOT NULL,
  lexemes      tsvector NOT NULL GENERATED ALWAYS AS (
    CASE WHEN status = 'active' THEN array_to_tsvector(string_to_array(words, ' '))
    ELSE ''::tsvector END) STORED
);
CREATE INDEX user_view_lexemes ON user_view USING gin (lexemes)
  WITH (gin_pending_list_limit = 1024);
-- The newest ones first.
CREATE INDEX user_view_created ON user_view (created_at, user_id) WHERE status = 'active';

-- note_words is made with message_view.
CREATE TRIGGER user_view_words_of_new AFTER INSERT ON user_view
  REFERENCING NEW TABLE AS noted FOR EACH STATEMENT EXECUTE FUNCTION note_words();
CREATE TRIGGER user_view_words_of_changed AFTER UPDATE ON user_view
  REFERENCING NEW TABLE AS noted FOR EACH STATEMENT EXECUTE FUNCTION note_words();
