CREATE TABLE timed_view (conversation_id text PRIMARY KEY, at timestamptz);
