-- What a user decided about all notifications: everything stored at or before read_all_up_to is
-- read; preferences holds 'off' by kind, or for all.
CREATE TABLE inbox_view (
  user_id        text COLLATE "C" PRIMARY KEY,
  read_all_up_to text COLLATE "C",
  preferences    jsonb NOT NULL
);
