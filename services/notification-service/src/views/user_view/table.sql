-- Names for titles, and who is not to be told, or not to be heard.
CREATE TABLE user_view (
  user_id      text COLLATE "C" PRIMARY KEY,
  username     text,
  display_name text,
  status       text NOT NULL
);
