-- Breaking: no. What is known of a failure, so that failures of one cause are found together, and the
-- record as it came: headers hold all of the record's headers (rows made before: some of them).
ALTER TABLE parked_aggregates
  -- Kind of error and first frame of our own in its stack, hashed: the same for the same cause.
  ADD COLUMN fingerprint text COLLATE "C" NOT NULL DEFAULT '',
  ADD COLUMN frame text NOT NULL DEFAULT '',
  ADD COLUMN stack text NOT NULL DEFAULT '',
  -- Version of the service, and of its views, at which it failed last.
  ADD COLUMN consumer_version text NOT NULL DEFAULT '',
  -- When its failing event was copied to the dead letters.
  ADD COLUMN mirrored_at timestamptz;
ALTER TABLE parked_events
  -- Timestamp of the record in Kafka; null when the event was read from the log.
  ADD COLUMN published_at timestamptz;
