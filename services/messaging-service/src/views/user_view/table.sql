CREATE TABLE user_view (
  user_id      text COLLATE "C" PRIMARY KEY,
  username     text,
  display_name text,
  avatar_url   text,
  info_ver     bigint
);
