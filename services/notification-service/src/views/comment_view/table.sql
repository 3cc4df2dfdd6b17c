-- Who wrote a comment: an answer to it may name the comment alone.
CREATE TABLE comment_view (
  post_id    text COLLATE "C",
  comment_id text COLLATE "C",
  author_id  text NOT NULL,
  PRIMARY KEY (post_id, comment_id)
);
