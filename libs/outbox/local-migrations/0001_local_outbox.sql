-- Breaking: no. The outbox of a team's own service, in the team's own database: @nova/outbox/local.
-- Events are appended in the team's transactions and forwarded to the log of nova. May be installed
-- by `installLocalOutbox`, or with psql -1 -f.
--
-- Who appends is anybody, in transactions of any length, so neither ids nor xids are commit order. A
-- reader therefore goes from one snapshot to the next: what is visible in S2 and was not in S1, by id
-- (src/local/window.ts). For one aggregate that is the order of its versions, because the row that
-- counts them stays locked until the commit, and ids are drawn after it was locked.

-- One row: how far the forwarder is, and which process forwards.
CREATE TABLE local_outbox (
  single         boolean     PRIMARY KEY DEFAULT true CHECK (single),
  -- Everything visible in it is forwarded or parked. From the beginning: nothing.
  done           pg_snapshot NOT NULL DEFAULT '1:1:',
  -- A window too large for one read: up to which snapshot, and the last id of it that is forwarded.
  open           pg_snapshot,
  after_id       bigint      NOT NULL DEFAULT 0,
  -- The server that these snapshots are of.
  system         text        NOT NULL,
  -- The last position that nova's log answered with.
  log_position   text,
  owner          text,
  term           bigint      NOT NULL DEFAULT 0,
  lease_until    timestamptz,
  -- Rows per partition, and the first id that has none.
  partition_rows bigint      NOT NULL DEFAULT 262144,
  partition_end  bigint      NOT NULL DEFAULT 1
) WITH (fillfactor = 10, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_scale_factor = 0);

-- Heads of aggregates. Its row is locked from an append to the end of the transaction.
CREATE TABLE local_outbox_aggregates (
  aggregate_type text COLLATE "C" NOT NULL,
  aggregate_id   text COLLATE "C" NOT NULL,
  version        bigint NOT NULL,
  PRIMARY KEY (aggregate_type, aggregate_id)
) WITH (fillfactor = 80);

-- Numbers are drawn one by one: a session with some in reserve would draw them out of order.
CREATE SEQUENCE local_outbox_event_id CACHE 1;

-- The events. Written by local_outbox_append only, never updated, dropped by whole partitions.
-- Debezium's outbox event router can read it by configuration (docs/use-in-your-service.md).
CREATE TABLE local_outbox_events (
  id                bigint      NOT NULL DEFAULT nextval('local_outbox_event_id') PRIMARY KEY,
  -- The top-level transaction, also within savepoints.
  xid               xid8        NOT NULL DEFAULT pg_current_xact_id(),
  -- 1, 2, 3 … within the aggregate, without holes: the source_version in nova.
  aggregate_version bigint      NOT NULL,
  occurred_at       timestamptz NOT NULL,
  appended_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
  event_id          uuid        NOT NULL,
  event_type        text COLLATE "C" NOT NULL,
  aggregate_type    text COLLATE "C" NOT NULL,
  aggregate_id      text COLLATE "C" NOT NULL,
  -- The optional ce_ headers.
  headers           jsonb       NOT NULL,
  -- JSON, UTF-8.
  payload           bytea       NOT NULL
) PARTITION BY RANGE (id);
CREATE INDEX local_outbox_events_by_xid ON local_outbox_events (xid);
CREATE INDEX local_outbox_events_by_version
  ON local_outbox_events (aggregate_type, aggregate_id, aggregate_version);

-- Where an event goes whose partition nobody has made: appends go on when no forwarder runs.
CREATE TABLE local_outbox_events_rest PARTITION OF local_outbox_events DEFAULT;

-- The other partitions.
CREATE TABLE local_outbox_partitions (
  name      text   PRIMARY KEY,
  first_id  bigint NOT NULL,
  end_id    bigint NOT NULL,
  -- Drawn when all its ids were: whoever wrote into it has a lower xid.
  sealed_by xid8,
  sealed_at timestamptz
);

-- Aggregates whose next event nova refuses. Their events wait in their partitions.
CREATE TABLE local_outbox_parked (
  aggregate_type  text COLLATE "C" NOT NULL,
  aggregate_id    text COLLATE "C" NOT NULL,
  -- The first version that is not in the log of nova.
  next_version    bigint NOT NULL,
  reason          text   NOT NULL,
  message         text   NOT NULL,
  attempts        integer NOT NULL DEFAULT 1,
  parked_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
  next_attempt_at timestamptz NOT NULL,
  PRIMARY KEY (aggregate_type, aggregate_id)
);

-- Appends events in the order of the arrays, within the caller's transaction, and answers with their
-- versions. Heads are locked in the order of their names, before any id is drawn.
CREATE FUNCTION local_outbox_append(
  event_ids uuid[], event_types text[], aggregate_types text[], aggregate_ids text[],
  occurred_ats timestamptz[], event_headers jsonb[], payload_from integer[], payload_size integer[],
  payloads bytea
) RETURNS TABLE (appended_id uuid, appended_version text)
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  head_types    text[];
  head_ids      text[];
  head_versions bigint[];
BEGIN
  -- What a crash takes back must not have been forwarded.
  IF current_setting('synchronous_commit') = 'off' THEN
    PERFORM set_config('synchronous_commit', 'on', true);
  END IF;
  WITH given AS (
    SELECT g.type, g.id, count(*) AS events
    FROM unnest(aggregate_types, aggregate_ids) AS g(type, id)
    GROUP BY g.type, g.id
  ), moved AS (
    INSERT INTO local_outbox_aggregates AS a (aggregate_type, aggregate_id, version)
    SELECT g.type, g.id, g.events FROM given AS g ORDER BY g.type COLLATE "C", g.id COLLATE "C"
    ON CONFLICT (aggregate_type, aggregate_id) DO UPDATE SET version = a.version + excluded.version
    RETURNING a.aggregate_type, a.aggregate_id, a.version
  )
  SELECT array_agg(m.aggregate_type), array_agg(m.aggregate_id), array_agg(m.version - g.events)
  INTO head_types, head_ids, head_versions
  FROM moved AS m
  JOIN given AS g ON g.type = m.aggregate_type AND g.id = m.aggregate_id;

  RETURN QUERY
    INSERT INTO local_outbox_events AS e (
      aggregate_version, occurred_at, event_id, event_type, aggregate_type, aggregate_id, headers,
      payload)
    SELECT h.version + row_number() OVER (
             PARTITION BY g.aggregate_type, g.aggregate_id ORDER BY g.place),
           coalesce(g.occurred_at, clock_timestamp()), g.event_id, g.event_type, g.aggregate_type,
           g.aggregate_id, g.headers, substr(payloads, g.payload_from, g.payload_size)
    FROM unnest(event_ids, event_types, aggregate_types, aggregate_ids, occurred_ats, event_headers,
                payload_from, payload_size)
         WITH ORDINALITY AS g(event_id, event_type, aggregate_type, aggregate_id, occurred_at,
                              headers, payload_from, payload_size, place)
    JOIN unnest(head_types, head_ids, head_versions) AS h(type, id, version)
      ON h.type = g.aggregate_type AND h.id = g.aggregate_id
    ORDER BY g.place
    RETURNING e.event_id, e.aggregate_version::text;
END $$;

-- Makes the next partition when the last one is half used, apart, and then attaches it, which lets
-- appends go on. Where ids have overtaken the partitions, those up to here stay in the rest.
CREATE FUNCTION local_outbox_extend() RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  outbox local_outbox%ROWTYPE;
  used   bigint;
  start  bigint;
  part   text;
BEGIN
  SELECT * INTO STRICT outbox FROM local_outbox FOR UPDATE;
  SELECT CASE WHEN is_called THEN last_value ELSE 0 END INTO used FROM local_outbox_event_id;
  IF used < outbox.partition_end - outbox.partition_rows / 2 THEN RETURN; END IF;
  start := outbox.partition_end;
  IF used >= start THEN start := used + outbox.partition_rows / 2; END IF;
  part := format('local_outbox_events_p%s', lpad(start::text, 12, '0'));
  EXECUTE format(
    'CREATE TABLE %I (LIKE local_outbox_events INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES)',
    part);
  EXECUTE format('CREATE UNIQUE INDEX %I ON %I (event_id)', part || '_event_id', part);
  EXECUTE format('ALTER TABLE local_outbox_events ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)',
                 part, start, start + outbox.partition_rows);
  INSERT INTO local_outbox_partitions (name, first_id, end_id)
  VALUES (part, start, start + outbox.partition_rows);
  UPDATE local_outbox SET partition_end = start + outbox.partition_rows;
END $$;

-- Seals partitions whose ids are all drawn. The xid must be drawn after the sequence was looked at:
-- an append draws its xid before its ids, so it has a lower one.
CREATE FUNCTION local_outbox_seal() RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  used bigint;
BEGIN
  IF pg_current_xact_id_if_assigned() IS NOT NULL THEN
    RAISE EXCEPTION 'local_outbox_seal needs a transaction of its own';
  END IF;
  SELECT last_value INTO used FROM local_outbox_event_id;
  UPDATE local_outbox_partitions SET sealed_by = pg_current_xact_id(), sealed_at = clock_timestamp()
  WHERE sealed_by IS NULL AND end_id <= used + 1;
END $$;

-- Drops what is forwarded and was sealed longer ago than `keep`; answers with how many partitions.
-- Partitions with events that wait for their aggregate stay whole.
CREATE FUNCTION local_outbox_drop(keep interval) RETURNS integer
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  outbox local_outbox%ROWTYPE;
  parts  text[];
  part   text;
BEGIN
  SELECT * INTO STRICT outbox FROM local_outbox;
  -- All names first: no query may be open on what is dropped.
  parts := ARRAY(
    SELECT p.name FROM local_outbox_partitions AS p
    WHERE p.sealed_by <= pg_snapshot_xmin(outbox.done) AND p.sealed_at <= clock_timestamp() - keep
      AND NOT EXISTS (
        SELECT FROM local_outbox_parked AS w
        JOIN local_outbox_events AS e
          ON e.aggregate_type = w.aggregate_type AND e.aggregate_id = w.aggregate_id
         AND e.aggregate_version >= w.next_version
        WHERE e.id >= p.first_id AND e.id < p.end_id)
    ORDER BY p.first_id);
  FOREACH part IN ARRAY parts LOOP
    EXECUTE format('DROP TABLE %I', part);
    DELETE FROM local_outbox_partitions WHERE name = part;
  END LOOP;
  DELETE FROM local_outbox_events_rest AS e
  WHERE e.appended_at <= clock_timestamp() - keep AND pg_visible_in_snapshot(e.xid, outbox.done)
    AND NOT EXISTS (
      SELECT FROM local_outbox_parked AS w
      WHERE e.aggregate_type = w.aggregate_type AND e.aggregate_id = w.aggregate_id
        AND e.aggregate_version >= w.next_version);
  RETURN cardinality(parts);
END $$;

-- Whose snapshots these are. Another server that was filled from a dump counts its transactions anew.
CREATE FUNCTION local_outbox_system() RETURNS text
LANGUAGE sql STABLE AS $$ SELECT system_identifier::text FROM pg_control_system() $$;

-- On another server than before: everything that is kept counts as not forwarded, and is forwarded
-- again, which nova answers as known.
CREATE FUNCTION local_outbox_rebase() RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  UPDATE local_outbox SET done = '1:1:', open = NULL, after_id = 0, system = local_outbox_system()
  WHERE system <> local_outbox_system();
  IF NOT FOUND THEN RETURN; END IF;
  UPDATE local_outbox_events SET xid = pg_current_xact_id();
  UPDATE local_outbox_partitions SET sealed_by = NULL, sealed_at = NULL;
END $$;

INSERT INTO local_outbox (system) SELECT local_outbox_system();
SELECT local_outbox_extend();
