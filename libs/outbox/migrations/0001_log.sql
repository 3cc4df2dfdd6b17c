-- Breaking: no. The tables of the log (conventions §5). The functions that write them follow in
-- 0002; the comments say who may write what. Indexed text is compared by bytes (COLLATE "C"): faster,
-- and no upgrade of the system's locales can break an index.

-- One row: the log's head. Its row lock is the log's lock: whoever appends holds it until commit,
-- which makes positions dense and commit order.
CREATE TABLE outbox_log (
  single         boolean     PRIMARY KEY DEFAULT true CHECK (single),
  log_id         uuid        NOT NULL DEFAULT gen_random_uuid(),
  -- Epoch of the next event.
  epoch          text        NOT NULL,
  -- The server that drew the epoch: see outbox_incarnation().
  incarnation    text        NOT NULL,
  last_position  bigint      NOT NULL DEFAULT 0,
  last_stored_at timestamptz NOT NULL DEFAULT '-infinity',
  -- First position that has no partition yet.
  partition_end  bigint      NOT NULL DEFAULT 0
) WITH (fillfactor = 10, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_scale_factor = 0);

-- An event belongs to the epoch with the greatest first_position at or below its position; among
-- epochs with the same one (an epoch may be without events), to the latest.
CREATE TABLE outbox_epochs (
  ordinal        bigint      PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  epoch          text        NOT NULL UNIQUE,
  first_position bigint      NOT NULL,
  incarnation    text        NOT NULL,
  started_at     timestamptz NOT NULL
);
CREATE INDEX outbox_epochs_by_position ON outbox_epochs (first_position, ordinal);

-- The events. Rows are written by outbox_append only and never updated, except by erasure.
-- Wide columns last, fixed ones first: no padding.
CREATE TABLE outbox_events (
  position          bigint      NOT NULL PRIMARY KEY,
  aggregate_version bigint      NOT NULL,
  type_sequence     bigint      NOT NULL,
  occurred_at       timestamptz NOT NULL,
  stored_at         timestamptz NOT NULL,
  erased_at         timestamptz,
  event_id          uuid        NOT NULL,
  schema_version    integer     NOT NULL,
  lane              smallint    NOT NULL CHECK (lane BETWEEN 0 AND 63),
  event_type        text COLLATE "C" NOT NULL,
  aggregate_type    text COLLATE "C" NOT NULL,
  aggregate_id      text COLLATE "C" NOT NULL,
  source            text        NOT NULL,
  tenant            text,
  -- Event type -> version of its last event before this one in the aggregate.
  previous          jsonb       NOT NULL,
  -- The optional ce_ headers.
  headers           jsonb       NOT NULL,
  -- JSON, UTF-8, byte for byte the value of the Kafka record.
  payload           bytea       NOT NULL
) PARTITION BY RANGE (position);

-- By type, for pages of one type; by aggregate and by id each partition has a unique index
-- (a unique index of the whole table would have to contain the position).
CREATE INDEX outbox_events_by_type ON outbox_events (event_type, position);

-- Heads of aggregates. Written by outbox_append only.
CREATE TABLE outbox_aggregates (
  aggregate_type text COLLATE "C" NOT NULL,
  aggregate_id   text COLLATE "C" NOT NULL,
  version        bigint NOT NULL,
  -- Event type -> version of its last event: the `previous` of the aggregate's next event.
  last_versions  jsonb  NOT NULL,
  -- Event type -> number of its events.
  type_counts    jsonb  NOT NULL,
  PRIMARY KEY (aggregate_type, aggregate_id)
) WITH (fillfactor = 80);
CREATE INDEX outbox_aggregates_by_id ON outbox_aggregates (aggregate_id);

-- Answers to requests, for retries.
CREATE TABLE outbox_requests (
  principal    text COLLATE "C" NOT NULL,
  method       text COLLATE "C" NOT NULL,
  request_id   text COLLATE "C" NOT NULL,
  request_hash bytea       NOT NULL,
  -- One element per event of the request: the position it was stored at; {"replayed": position}
  -- where its id was stored before; or the refusal as an object.
  answers      jsonb       NOT NULL,
  reply        bytea,
  expires_at   timestamptz NOT NULL,
  PRIMARY KEY (principal, method, request_id)
);
CREATE INDEX outbox_requests_by_expiry ON outbox_requests (expires_at);

-- The relay's lanes. Every event of the lane at or below `position` is acknowledged by Kafka. Each
-- write names the term it holds the lane in.
CREATE TABLE outbox_lanes (
  lane        smallint    PRIMARY KEY CHECK (lane BETWEEN 0 AND 63),
  owner       text,
  term        bigint      NOT NULL DEFAULT 0,
  lease_until timestamptz,
  position    bigint      NOT NULL DEFAULT 0,
  moved_at    timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 10, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_scale_factor = 0);

INSERT INTO outbox_lanes (lane) SELECT generate_series(0, 63);

-- Makes partitions so that positions up to `through` have one, and returns the first position
-- without. A new partition is made apart and then attached, because that lets appends go on.
-- Callers hold the log's lock or can wait for it.
CREATE FUNCTION outbox_ensure_partitions(through bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  size      constant bigint := 2 ^ 24;
  next_from bigint;
  part      text;
BEGIN
  SELECT partition_end INTO next_from FROM outbox_log FOR UPDATE;
  WHILE next_from <= through LOOP
    part := format('outbox_events_p%s', lpad((next_from / size)::text, 6, '0'));
    EXECUTE format('CREATE TABLE %I (LIKE outbox_events INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', part);
    EXECUTE format('CREATE UNIQUE INDEX %I ON %I (event_id)', part || '_event_id', part);
    EXECUTE format('CREATE UNIQUE INDEX %I ON %I (aggregate_type, aggregate_id, aggregate_version)',
                   part || '_version', part);
    EXECUTE format('ALTER TABLE outbox_events ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)',
                   part, next_from, next_from + size);
    next_from := next_from + size;
  END LOOP;
  UPDATE outbox_log SET partition_end = next_from WHERE partition_end <> next_from;
  RETURN next_from;
END $$;

-- Which server this is: system identifier, timeline, start of the postmaster. It changes with every
-- restart, with a promotion and with a restored backup: whenever the tail of the log may be another
-- one than before.
CREATE FUNCTION outbox_incarnation() RETURNS text
LANGUAGE sql VOLATILE AS $$
  SELECT format('%s/%s/%s', c.system_identifier,
                left(pg_walfile_name(pg_current_wal_insert_lsn()), 8),
                extract(epoch FROM pg_postmaster_start_time()))
  FROM pg_control_system() AS c
$$;

-- Begins a new epoch with the next position and returns it. Under the log's lock.
CREATE FUNCTION outbox_begin_epoch(first_position bigint) RETURNS text
LANGUAGE sql VOLATILE AS $$
  INSERT INTO outbox_epochs (epoch, first_position, incarnation, started_at)
  VALUES (left(md5(gen_random_uuid()::text), 16), first_position, outbox_incarnation(), clock_timestamp())
  RETURNING epoch
$$;

INSERT INTO outbox_log (epoch, incarnation) SELECT outbox_begin_epoch(1), outbox_incarnation();

SELECT outbox_ensure_partitions(1);
