-- Breaking: no. The log's head follows from its last event, which nothing ever changes. It was a column
-- that each append changed: beside a snapshot that somebody held, its old versions could not be cleared
-- away, and each append and each look of a relay went through all of them.
-- An append that waits for a lock while this is applied is refused and has stored nothing.

-- One row: what the log is. Its row lock is the log's lock: whoever appends holds it until commit,
-- which makes positions dense and commit order.
ALTER TABLE outbox_log RENAME TO outbox_log_state;
ALTER TABLE outbox_log_state
  DROP COLUMN last_position,
  DROP COLUMN last_stored_at,
  RESET (fillfactor, autovacuum_vacuum_threshold, autovacuum_vacuum_scale_factor);

-- The last event, looked for in the two partitions before `partition_end`, as one is made ahead at
-- most; only then in all. A plan that is kept finds its partitions when it runs: planning for each of
-- them costs more than the look. It may be made while they are empty: none scans them. With the rights
-- and names of the log's owner, so that whoever may read the view below needs no others.
CREATE FUNCTION outbox_last_event(partition_end bigint)
RETURNS TABLE (last_position bigint, last_stored_at timestamptz)
LANGUAGE plpgsql STABLE ROWS 1 SECURITY DEFINER SET search_path FROM CURRENT
  SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
DECLARE
  size constant bigint := 2 ^ 24;
BEGIN
  RETURN QUERY
    SELECT e.position, e.stored_at FROM outbox_events AS e
    WHERE e.position >= partition_end - 2 * size ORDER BY e.position DESC LIMIT 1;
  IF NOT FOUND THEN
    RETURN QUERY
      SELECT e.position, e.stored_at FROM outbox_events AS e ORDER BY e.position DESC LIMIT 1;
  END IF;
END $$;

-- The log with its head; 0 and -infinity without an event. LIMIT tells the planner of the one row:
-- nothing ever changes so much of it that it would be analyzed.
CREATE VIEW outbox_log AS
SELECT s.log_id, s.epoch, s.incarnation, coalesce(e.last_position, 0) AS last_position,
       coalesce(e.last_stored_at, '-infinity') AS last_stored_at, s.partition_end
FROM (SELECT * FROM outbox_log_state LIMIT 1) AS s
LEFT JOIN LATERAL outbox_last_event(s.partition_end) AS e ON true;

-- Takes the log's lock, for the rest of the transaction, and returns the log as it is under it: the
-- second statement sees all that was committed before the lock was got.
CREATE FUNCTION outbox_lock() RETURNS outbox_log
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  log outbox_log%ROWTYPE;
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'outbox_lock needs READ COMMITTED'
      USING HINT = 'A snapshot from before the wait for the lock would miss what others appended.';
  END IF;
  PERFORM FROM outbox_log_state FOR UPDATE;
  SELECT * INTO STRICT log FROM outbox_log;
  RETURN log;
END $$;

-- As in 0001.
CREATE OR REPLACE FUNCTION outbox_ensure_partitions(through bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  size      constant bigint := 2 ^ 24;
  next_from bigint;
  part      text;
BEGIN
  SELECT partition_end INTO next_from FROM outbox_log_state FOR UPDATE;
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
  UPDATE outbox_log_state SET partition_end = next_from WHERE partition_end <> next_from;
  RETURN next_from;
END $$;

-- As in 0005, where the log's row lies now.
CREATE OR REPLACE FUNCTION outbox_place() RETURNS text
LANGUAGE sql VOLATILE AS $$
  SELECT format('%s/%s', pg_relation_filepath('outbox_log_state'),
                extract(epoch FROM pg_postmaster_start_time()))
$$;

CREATE OR REPLACE FUNCTION outbox_notice_incarnation() RETURNS TABLE (epoch text, "position" bigint)
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  state outbox_log_state%ROWTYPE;
BEGIN
  SELECT * INTO STRICT state FROM outbox_log_state;
  IF NOT outbox_is_elsewhere(state.incarnation) THEN RETURN; END IF;
  SELECT * INTO STRICT state FROM outbox_log_state FOR UPDATE;
  IF outbox_is_elsewhere(state.incarnation) THEN RETURN QUERY SELECT * FROM outbox_rebase(); END IF;
END $$;

-- As in 0002.
CREATE OR REPLACE FUNCTION outbox_rebase() RETURNS TABLE (epoch text, "position" bigint)
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  log constant outbox_log := outbox_lock();
BEGIN
  epoch := outbox_begin_epoch(log.last_position + 1);
  "position" := log.last_position;
  UPDATE outbox_log_state AS s SET epoch = outbox_rebase.epoch, incarnation = outbox_incarnation();
  RETURN NEXT;
END $$;

-- As in 0005, but that the head need not be written.
CREATE OR REPLACE FUNCTION outbox_append(
  unit_each boolean[], unit_size integer[], unit_before integer[], unit_conditions jsonb[],
  unit_principal text[], unit_method text[], unit_request_id text[], unit_hash bytea[],
  unit_reply bytea[],
  event_unit integer[], event_index integer[], event_id uuid[], event_probed boolean[],
  event_type text[], event_schema_version integer[], event_aggregate_type text[],
  event_aggregate_id text[], event_lane smallint[], event_headers jsonb[], event_tenant text[],
  event_source text[], event_occurred_at timestamptz[],
  payload_from integer[], payload_size integer[], payloads bytea
) RETURNS SETOF outbox_answer
LANGUAGE plpgsql VOLATILE SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  log      outbox_log%ROWTYPE;
  stored   timestamptz;
  units    outbox_unit[];
  events   outbox_new_event[];
  answer   outbox_answer;
  alone    boolean[] := array_fill(false, ARRAY[cardinality(unit_each)]);
  has_keys boolean := cardinality(array_remove(unit_request_id, NULL)) > 0;
  -- Without keys, conditions and ids that may be known, there is nothing to judge.
  judged   boolean := has_keys OR true = ANY (event_probed)
                      OR cardinality(array_remove(unit_conditions, NULL)) > 0;
  next_position bigint;
  -- Units `first` to `last` (from 1) are stored now, with `taken` events before them and up to `upto`.
  first    integer := 1;
  last     integer;
  taken    integer := 0;
  upto     integer;
  number   integer;
BEGIN
  -- Before the lock, while others hold it.
  IF judged THEN
    units := ARRAY(
      SELECT ROW(u.number - 1, u.each, u.size, u.before, u.conditions, u.principal, u.method, u.request_id,
                 u.hash, u.reply)::outbox_unit
      FROM unnest(unit_each, unit_size, unit_before, unit_conditions, unit_principal, unit_method,
                  unit_request_id, unit_hash, unit_reply)
           WITH ORDINALITY AS u(each, size, before, conditions, principal, method, request_id, hash, reply,
                                number));
  END IF;
  events := ARRAY(
    SELECT ROW(e.unit, e.index, e.id, e.probed, e.type, e.schema_version, e.aggregate_type,
               e.aggregate_id, e.lane, substr(payloads, e.payload_from, e.payload_size), e.headers,
               e.tenant, e.source, e.occurred_at)::outbox_new_event
    FROM unnest(event_unit, event_index, event_id, event_probed, event_type, event_schema_version,
                event_aggregate_type, event_aggregate_id, event_lane, event_headers, event_tenant,
                event_source, event_occurred_at, payload_from, payload_size)
         AS e(unit, index, id, probed, type, schema_version, aggregate_type, aggregate_id, lane,
              headers, tenant, source, occurred_at, payload_from, payload_size));

  log := outbox_lock();
  stored := greatest(clock_timestamp(), log.last_stored_at);
  next_position := log.last_position + 1;
  IF outbox_is_elsewhere(log.incarnation) THEN
    log.epoch := outbox_begin_epoch(next_position);
    UPDATE outbox_log_state SET epoch = log.epoch, incarnation = outbox_incarnation();
  END IF;
  IF log.partition_end <= log.last_position + cardinality(event_id) THEN
    PERFORM outbox_ensure_partitions(log.last_position + cardinality(event_id));
  END IF;
  answer.unit := -1;
  answer.epoch := log.epoch;
  answer.stored_at := outbox_time(stored);
  RETURN NEXT answer;

  IF judged THEN
    FOR number IN SELECT * FROM outbox_not_simple(units, events) LOOP
      alone[number + 1] := true;
    END LOOP;
  END IF;

  WHILE first <= cardinality(unit_each) LOOP
    last := first;
    upto := taken + unit_size[first];
    IF alone[first] THEN
      FOR answer IN
        SELECT * FROM outbox_append_unit(units[first], events[taken + 1 : upto], next_position, stored)
      LOOP
        RETURN NEXT answer;
        IF answer.position >= next_position THEN next_position := answer.position + 1; END IF;
      END LOOP;
    ELSE
      WHILE last < cardinality(unit_each) AND NOT alone[last + 1] LOOP
        last := last + 1;
        upto := upto + unit_size[last];
      END LOOP;
      IF upto > taken THEN
        RETURN QUERY SELECT * FROM outbox_store(events[taken + 1 : upto], next_position, stored);
      END IF;
      IF has_keys THEN
        PERFORM outbox_keep_answers(
          units[first : last],
          ARRAY(SELECT (SELECT coalesce(jsonb_agg(next_position + p), '[]')
                        FROM generate_series(u.before - taken, u.before - taken + u.size - 1) AS p)
                FROM unnest(units[first : last]) WITH ORDINALITY AS u(
                  unit, each, size, before, conditions, principal, method, request_id,
                  request_hash, reply, place)
                ORDER BY u.place),
          stored);
      END IF;
      next_position := next_position + upto - taken;
    END IF;
    taken := upto;
    first := last + 1;
  END LOOP;
END $$;
