-- Breaking: no. A log that comes back from a backup is noticed also where the server went on running
-- meanwhile: dumped and restored into the same cluster, or copied and renamed. And it is noticed
-- without an append, so that consumers do not go on showing what a quiet log has lost.

-- Where the log's row lies and since when it is served: file (with the database's number) and start
-- of the postmaster. A dump that is restored, a copied database and a truncated table have another
-- file, a base backup and a promoted standby another start.
CREATE FUNCTION outbox_place() RETURNS text
LANGUAGE sql VOLATILE AS $$
  SELECT format('%s/%s', pg_relation_filepath('outbox_log'),
                extract(epoch FROM pg_postmaster_start_time()))
$$;

-- Which server this is: system identifier and timeline, for people; and the place, which alone is
-- compared.
CREATE OR REPLACE FUNCTION outbox_incarnation() RETURNS text
LANGUAGE sql VOLATILE AS $$
  SELECT format('%s/%s/%s', c.system_identifier,
                left(pg_walfile_name(pg_current_wal_insert_lsn()), 8), outbox_place())
  FROM pg_control_system() AS c
$$;

-- Whether the log was written by another incarnation than this one.
CREATE FUNCTION outbox_is_elsewhere(incarnation text) RETURNS boolean
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  place constant text := outbox_place();
BEGIN
  RETURN right(incarnation, length(place)) <> place;
END $$;

-- Begins a new epoch if this is another incarnation, without waiting for an append that would. One
-- row then: the new epoch and the position before it.
CREATE FUNCTION outbox_notice_incarnation() RETURNS TABLE (epoch text, "position" bigint)
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  log outbox_log%ROWTYPE;
BEGIN
  SELECT * INTO STRICT log FROM outbox_log;
  IF NOT outbox_is_elsewhere(log.incarnation) THEN RETURN; END IF;
  SELECT * INTO STRICT log FROM outbox_log FOR UPDATE;
  IF outbox_is_elsewhere(log.incarnation) THEN RETURN QUERY SELECT * FROM outbox_rebase(); END IF;
END $$;

-- What this very server has written so far stays in its epoch.
UPDATE outbox_log SET incarnation = outbox_incarnation()
WHERE incarnation LIKE '%/' || extract(epoch FROM pg_postmaster_start_time());

-- As in 0002, but for how another incarnation is told.
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
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'outbox_append needs READ COMMITTED'
      USING HINT = 'A snapshot from before the wait for the lock would miss what others appended.';
  END IF;
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

  SELECT * INTO STRICT log FROM outbox_log FOR UPDATE;
  stored := greatest(clock_timestamp(), log.last_stored_at);
  next_position := log.last_position + 1;
  IF outbox_is_elsewhere(log.incarnation) THEN
    log.epoch := outbox_begin_epoch(next_position);
    UPDATE outbox_log SET epoch = log.epoch, incarnation = outbox_incarnation();
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

  IF next_position > log.last_position + 1 THEN
    UPDATE outbox_log SET last_position = next_position - 1, last_stored_at = stored;
  END IF;
END $$;
