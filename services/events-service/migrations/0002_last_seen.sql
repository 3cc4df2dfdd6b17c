-- Not breaking: new columns that may be empty.
-- What the consumer's last registration said, so that one that does not run is still known.
ALTER TABLE consumers
  ADD COLUMN generation integer,
  ADD COLUMN ops_address text,
  ADD COLUMN event_types text[],
  ADD COLUMN last_seen_at timestamptz;
