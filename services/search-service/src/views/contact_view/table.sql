CREATE TABLE contact_view (
  contact_id uuid PRIMARY KEY,
  -- Whose contact, and who it is.
  user_id    uuid NOT NULL,
  friend_id  uuid NOT NULL,
  is_friend  boolean NOT NULL,
  is_blocked boolean NOT NULL
);
CREATE INDEX contact_view_user ON contact_view (user_id);
CREATE INDEX contact_view_friend ON contact_view (friend_id);
