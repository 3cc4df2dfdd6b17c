CREATE TABLE message_view (
  conversation_id uuid,
  message_id      uuid,
  -- Version of the conversation.
  version         bigint NOT NULL,
  sender_id       uuid NOT NULL,
  recipient_id    uuid,
  -- Microseconds since 1970.
  sent_at         bigint NOT NULL,
  content         text NOT NULL,
  words           text NOT NULL,
  is_deleted      boolean NOT NULL,
  -- The words, and whose: @ conversation, ~ sender and recipient, by the ends of their ids.
  lexemes         tsvector NOT NULL GENERATED ALWAYS AS (
    CASE WHEN is_deleted THEN ''::tsvector ELSE array_to_tsvector(
      string_to_array(words, ' ') || array_remove(ARRAY[
        '@' || right(conversation_id::text, 8),
        '~' || right(sender_id::text, 8),
        '~' || right(recipient_id::text, 8)], NULL)) END) STORED,
  PRIMARY KEY (conversation_id, message_id)
);
CREATE INDEX message_view_lexemes ON message_view USING gin (lexemes)
  WITH (gin_pending_list_limit = 1024);
-- The newest ones first.
CREATE INDEX message_view_sent ON message_view (sent_at, conversation_id, message_id)
  WHERE NOT is_deleted;

-- The words of all documents, for finding those that a mistyped one may mean. No rows of a view: a
-- part of the index, as the keys of a GIN index are, kept by triggers of the tables with documents.
-- It knows no document, is never read but for candidates, and may hold words that no document has
-- any more. No unique index: two rounds at a time may both add a word, and neither waits.
CREATE TABLE search_word (
  word text COLLATE "C" NOT NULL,
  -- The word, and the word without each of its letters: two words that differ by one letter have
  -- one of these in common.
  keys text[] NOT NULL
);
CREATE INDEX search_word_word ON search_word (word);
-- What waits to be sorted in is sorted in by whoever finds the list full: 4 MiB, the default, took longer
-- than a statement may on a slow machine.
CREATE INDEX search_word_keys ON search_word USING gin (keys) WITH (gin_pending_list_limit = 512);

-- Planned once, while there are few words: it must look each up in the index, and never read them all.
CREATE FUNCTION note_words() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
  INSERT INTO search_word (word, keys)
  SELECT fresh.word, array(
    SELECT fresh.word
    UNION SELECT left(fresh.word, i - 1) || substr(fresh.word, i + 1)
    FROM generate_series(1, length(fresh.word)) AS i)
  FROM (
    SELECT DISTINCT given.word
    FROM noted, string_to_table(noted.words, ' ') AS given (word)
    -- No numbers, no words of a head a second time.
    WHERE length(given.word) BETWEEN 4 AND 24 AND given.word COLLATE "C" >= 'a'
  ) AS fresh
  WHERE NOT EXISTS (SELECT FROM search_word AS known WHERE known.word = fresh.word);
  RETURN NULL;
END $$;

CREATE TRIGGER message_view_words_of_new AFTER INSERT ON message_view
  REFERENCING NEW TABLE AS noted FOR EACH STATEMENT EXECUTE FUNCTION note_words();
CREATE TRIGGER message_view_words_of_changed AFTER UPDATE ON message_view
  REFERENCING NEW TABLE AS noted FOR EACH STATEMENT EXECUTE FUNCTION note_words();
