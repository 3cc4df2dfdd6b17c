-- Breaking: no. Epochs are numbered by the table itself. After a crash the sequence of a database that
-- was made from a template gives numbers again which it had given before (PostgreSQL 18, seen with
-- STRATEGY wal_log), and the append that begins the epoch would fail.

-- Whoever begins an epoch holds the log's lock, so nobody else takes the number.
CREATE OR REPLACE FUNCTION outbox_begin_epoch(first_position bigint) RETURNS text
LANGUAGE sql VOLATILE AS $$
  INSERT INTO outbox_epochs (ordinal, epoch, first_position, incarnation, started_at)
  OVERRIDING SYSTEM VALUE
  SELECT coalesce(max(ordinal), 0) + 1, left(md5(gen_random_uuid()::text), 16),
         outbox_begin_epoch.first_position, outbox_incarnation(), clock_timestamp()
  FROM outbox_epochs
  RETURNING epoch
$$;
