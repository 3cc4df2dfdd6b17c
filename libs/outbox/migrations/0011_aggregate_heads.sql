-- Breaking: no. Heads of aggregates are found at once beside a snapshot that somebody holds. PostgreSQL
-- may not clear away their old versions then, and a unique index goes through all of them, at each
-- look and each change: 36 µs of PostgreSQL an event became 100 within half a minute.

-- A table without old versions: of one that has some, PostgreSQL does not use a new index until every
-- transaction has ended that was begun before, and there is no other.
CLUSTER outbox_aggregates USING outbox_aggregates_pkey;

-- That an aggregate has one head follows from the log's lock, under which outbox_store alone writes
-- them. Were there two, as after rows were restored twice, a partition's unique index would refuse
-- versions that the other has given in it.
ALTER TABLE outbox_aggregates DROP CONSTRAINT outbox_aggregates_pkey;
DROP INDEX outbox_aggregates_by_id;
-- A list of equal entries is read from its oldest one, backwards too: none is made.
CREATE INDEX outbox_aggregates_by_key ON outbox_aggregates (aggregate_id, aggregate_type)
  WITH (deduplicate_items = off);
-- Without it a publication of all tables, made by somebody else, would refuse every append.
ALTER TABLE outbox_aggregates REPLICA IDENTITY FULL;

-- The head of an aggregate and where its row lies, or nothing. Backwards, as new versions of a row
-- lie behind its old ones while those may not go; a range of one id, as the order of what is equal
-- would be nobody's to choose.
CREATE FUNCTION outbox_head_of(type text, id text)
RETURNS TABLE (head_row tid, version bigint, last_versions jsonb, type_counts jsonb)
LANGUAGE sql STABLE ROWS 1 AS $$
  SELECT h.ctid, h.version, h.last_versions, h.type_counts
  FROM outbox_aggregates AS h
  WHERE h.aggregate_id BETWEEN id AND id AND h.aggregate_type = type
  ORDER BY h.aggregate_id DESC
  LIMIT 1
$$;

-- As in 0002, but for how heads are found and moved. The table may be small when a plan is made and
-- kept: no plan scans it.
CREATE OR REPLACE FUNCTION outbox_store(events outbox_new_event[], first_position bigint, stored timestamptz)
RETURNS SETOF outbox_answer
LANGUAGE plpgsql VOLATILE SET enable_seqscan = off AS $$
DECLARE
  size       constant integer := cardinality(events);
  -- By place in `events`.
  versions   bigint[];
  sequences  bigint[];
  previous   jsonb[];
  -- Heads after, one per aggregate.
  heads      integer := 0;
  head_rows  tid[];
  types      text[];
  ids        text[];
  head_versions bigint[];
  head_last  jsonb[];
  head_counts jsonb[];
  -- The aggregate the loop is in, as it is before the event at hand.
  version    bigint;
  last       jsonb;
  counts     jsonb;
  sequence   bigint;
  event      record;
BEGIN
  IF size = 1 OR size = (
    SELECT count(*) FROM (SELECT DISTINCT e.aggregate_type, e.aggregate_id FROM unnest(events) AS e) AS d
  ) THEN
    RETURN QUERY
      WITH placed AS MATERIALIZED (
        SELECT e.*, a.head_row, first_position + e.place - 1 AS position, coalesce(a.version, 0) + 1 AS version,
               coalesce(a.last_versions, '{}') AS before, coalesce(a.type_counts, '{}') AS counts,
               coalesce((a.type_counts ->> e.event_type)::bigint, 0) + 1 AS sequence
        FROM unnest(events) WITH ORDINALITY AS e(
               unit, index, event_id, probed, event_type, schema_version, aggregate_type,
               aggregate_id, lane, payload, headers, tenant, source, occurred_at, place)
        LEFT JOIN outbox_head_of(e.aggregate_type, e.aggregate_id) AS a ON true
      ), inserted AS (
        INSERT INTO outbox_events (
          position, aggregate_version, type_sequence, occurred_at, stored_at, event_id,
          schema_version, lane, event_type, aggregate_type, aggregate_id, source, tenant, previous,
          headers, payload)
        SELECT p.position, p.version, p.sequence, coalesce(p.occurred_at, stored), stored, p.event_id,
               p.schema_version, p.lane, p.event_type, p.aggregate_type, p.aggregate_id, p.source,
               p.tenant, p.before, p.headers, p.payload
        FROM placed AS p
      ), begun AS (
        INSERT INTO outbox_aggregates (aggregate_type, aggregate_id, version, last_versions, type_counts)
        SELECT p.aggregate_type, p.aggregate_id, p.version, jsonb_build_object(p.event_type, p.version),
               jsonb_build_object(p.event_type, p.sequence)
        FROM placed AS p
        WHERE p.head_row IS NULL
      ), moved AS (
        UPDATE outbox_aggregates AS a
        SET version = p.version,
            last_versions = p.before || jsonb_build_object(p.event_type, p.version),
            type_counts = p.counts || jsonb_build_object(p.event_type, p.sequence)
        FROM placed AS p
        WHERE a.ctid = p.head_row
      )
      SELECT p.unit, p.index, 'stored', p.position, p.version, p.sequence, p.before,
             outbox_time(coalesce(p.occurred_at, stored)),
             NULL::text, NULL::text, NULL::uuid, NULL::text, NULL::text, NULL::text,
             NULL::bigint, NULL::integer, NULL::bytea
      FROM placed AS p;
    RETURN;
  END IF;

  versions := array_fill(0::bigint, ARRAY[size]);
  sequences := versions;
  previous := array_fill('{}'::jsonb, ARRAY[size]);
  FOR event IN
    SELECT e.place::integer AS place, e.event_type, e.aggregate_type, e.aggregate_id,
           a.head_row, a.version, a.last_versions, a.type_counts
    FROM unnest(events) WITH ORDINALITY AS e(
           unit, index, event_id, probed, event_type, schema_version, aggregate_type, aggregate_id,
           lane, payload, headers, tenant, source, occurred_at, place)
    LEFT JOIN outbox_head_of(e.aggregate_type, e.aggregate_id) AS a ON true
    ORDER BY e.aggregate_type, e.aggregate_id, e.place
  LOOP
    IF heads = 0 OR event.aggregate_id <> ids[heads] OR event.aggregate_type <> types[heads] THEN
      heads := heads + 1;
      types[heads] := event.aggregate_type;
      ids[heads] := event.aggregate_id;
      head_rows[heads] := event.head_row;
      version := coalesce(event.version, 0);
      last := coalesce(event.last_versions, '{}');
      counts := coalesce(event.type_counts, '{}');
    END IF;
    version := version + 1;
    sequence := coalesce((counts ->> event.event_type)::bigint, 0) + 1;
    versions[event.place] := version;
    sequences[event.place] := sequence;
    previous[event.place] := last;
    last := last || jsonb_build_object(event.event_type, version);
    counts := counts || jsonb_build_object(event.event_type, sequence);
    head_versions[heads] := version;
    head_last[heads] := last;
    head_counts[heads] := counts;
  END LOOP;

  INSERT INTO outbox_events (
    position, aggregate_version, type_sequence, occurred_at, stored_at, event_id, schema_version,
    lane, event_type, aggregate_type, aggregate_id, source, tenant, previous, headers, payload)
  SELECT first_position + e.place - 1, e.version, e.sequence, coalesce(e.occurred_at, stored), stored,
         e.event_id, e.schema_version, e.lane, e.event_type, e.aggregate_type, e.aggregate_id,
         e.source, e.tenant, e.before, e.headers, e.payload
  FROM ROWS FROM (unnest(events), unnest(versions), unnest(sequences), unnest(previous))
       WITH ORDINALITY AS e(
         unit, index, event_id, probed, event_type, schema_version, aggregate_type, aggregate_id,
         lane, payload, headers, tenant, source, occurred_at, version, sequence, before, place);

  INSERT INTO outbox_aggregates (aggregate_type, aggregate_id, version, last_versions, type_counts)
  SELECT h.type, h.id, h.version, h.last, h.counts
  FROM unnest(types, ids, head_versions, head_last, head_counts, head_rows)
       AS h(type, id, version, last, counts, head_row)
  WHERE h.head_row IS NULL;
  UPDATE outbox_aggregates AS a
  SET version = h.version, last_versions = h.last, type_counts = h.counts
  FROM unnest(head_rows, head_versions, head_last, head_counts)
       AS h(head_row, version, last, counts)
  WHERE a.ctid = h.head_row;

  RETURN QUERY
    SELECT e.unit, e.index, 'stored', first_position + e.place - 1, e.version, e.sequence, e.before,
           outbox_time(coalesce(e.occurred_at, stored)),
           NULL::text, NULL::text, NULL::uuid, NULL::text, NULL::text, NULL::text,
           NULL::bigint, NULL::integer, NULL::bytea
    FROM ROWS FROM (unnest(events), unnest(versions), unnest(sequences), unnest(previous))
         WITH ORDINALITY AS e(
           unit, index, event_id, probed, event_type, schema_version, aggregate_type, aggregate_id,
           lane, payload, headers, tenant, source, occurred_at, version, sequence, before, place);
END $$;

-- As in 0002, but for how heads are found.
CREATE OR REPLACE FUNCTION outbox_not_simple(units outbox_unit[], events outbox_new_event[])
RETURNS SETOF integer
LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF EXISTS (SELECT FROM unnest(units) AS u WHERE u.principal IS NOT NULL) THEN
    RETURN QUERY
      SELECT k.unit FROM (
        SELECT u.unit, r.known, count(*) OVER (PARTITION BY u.principal, u.method, u.request_id) AS uses
        FROM unnest(units) AS u
        LEFT JOIN LATERAL (
          SELECT true AS known FROM outbox_requests AS q
          WHERE q.principal = u.principal AND q.method = u.method AND q.request_id = u.request_id
          LIMIT 1
        ) AS r ON true
        WHERE u.principal IS NOT NULL
      ) AS k
      WHERE k.known OR k.uses > 1;
  END IF;
  IF EXISTS (SELECT FROM unnest(events) AS e WHERE e.probed) THEN
    RETURN QUERY
      SELECT k.unit FROM (
        SELECT e.unit, l.known, count(*) OVER (PARTITION BY e.event_id) AS uses
        FROM unnest(events) AS e
        LEFT JOIN LATERAL (
          SELECT true AS known FROM outbox_events AS s WHERE s.event_id = e.event_id LIMIT 1
        ) AS l ON true
        WHERE e.probed
      ) AS k
      WHERE k.known OR k.uses > 1;
  END IF;
  IF EXISTS (SELECT FROM unnest(units) AS u WHERE u.conditions IS NOT NULL) THEN
    RETURN QUERY
      WITH condition AS MATERIALIZED (
        SELECT u.unit, c.*, coalesce(h.version, 0) AS head, h.last_versions
        FROM unnest(units) AS u
        CROSS JOIN LATERAL jsonb_to_recordset(u.conditions) AS c(
          aggregate_type text, aggregate_id text, kind text, version bigint, event_types jsonb)
        LEFT JOIN outbox_head_of(c.aggregate_type, c.aggregate_id) AS h ON true
        WHERE u.conditions IS NOT NULL
      ), grown AS MATERIALIZED (
        SELECT e.aggregate_type, e.aggregate_id, e.event_type, min(e.unit) AS first_unit
        FROM unnest(events) AS e
        GROUP BY e.aggregate_type, e.aggregate_id, e.event_type
      )
      SELECT c.unit FROM condition AS c
      WHERE NOT outbox_holds(c.kind, c.version, c.event_types, c.head, c.last_versions)
      UNION ALL
      SELECT c.unit FROM condition AS c
      JOIN grown AS g ON g.aggregate_type = c.aggregate_type AND g.aggregate_id = c.aggregate_id
      WHERE g.first_unit < c.unit
        AND CASE c.kind WHEN 'none_since' THEN c.event_types ? g.event_type
                        ELSE c.kind IN ('absent', 'version') END;
  END IF;
END $$;

-- As in 0002, but for how heads are found.
CREATE OR REPLACE FUNCTION outbox_judge(events outbox_new_event[], each_aggregate boolean, conditions jsonb)
RETURNS SETOF outbox_verdict
LANGUAGE sql STABLE AS $$
  WITH given AS MATERIALIZED (
    SELECT e.*, min(e.place) OVER (PARTITION BY e.event_id) AS first_place
    FROM unnest(events) WITH ORDINALITY AS e(
      unit, index, event_id, probed, event_type, schema_version, aggregate_type, aggregate_id,
      lane, payload, headers, tenant, source, occurred_at, place)
  ),
  -- Event ids: an event in the log, or earlier in this unit, is not stored again.
  by_id AS MATERIALIZED (
    SELECT g.place, g.first_place, g.aggregate_type, g.aggregate_id, l.position,
           CASE
             WHEN l.position IS NULL AND g.first_place = g.place THEN 'new'
             WHEN coalesce(l.event_type, f.event_type) <> g.event_type
               OR coalesce(l.aggregate_type, f.aggregate_type) <> g.aggregate_type
               OR coalesce(l.aggregate_id, f.aggregate_id) <> g.aggregate_id
               -- What an erased event once said is not known; it counts as the same.
               OR (l.erased_at IS NULL AND coalesce(l.payload, f.payload) <> g.payload)
               THEN 'EVENT_ID_REUSED'
             WHEN l.position IS NULL THEN 'same'
             ELSE 'replayed'
           END AS outcome
    FROM given AS g
    JOIN given AS f ON f.place = g.first_place
    LEFT JOIN LATERAL (
      SELECT * FROM outbox_events AS s WHERE g.probed AND s.event_id = g.event_id LIMIT 1
    ) AS l ON true
  ),
  touched AS MATERIALIZED (
    SELECT b.aggregate_type, b.aggregate_id,
           bool_or(b.outcome = 'EVENT_ID_REUSED') AS spoilt,
           bool_or(b.outcome = 'new') AS has_new
    FROM by_id AS b
    GROUP BY b.aggregate_type, b.aggregate_id
  ),
  -- Conditions: not for aggregates whose events are all stored or refused already, and none at all
  -- where that is so for every event of the unit.
  failed AS MATERIALIZED (
    SELECT c.place::integer - 1 AS condition, c.aggregate_type, c.aggregate_id,
           coalesce(h.version, 0) AS version, t.aggregate_id IS NOT NULL AS touches
    FROM ROWS FROM (jsonb_to_recordset(conditions) AS (
           aggregate_type text, aggregate_id text, kind text, version bigint, event_types jsonb))
         WITH ORDINALITY AS c(aggregate_type, aggregate_id, kind, version, event_types, place)
    LEFT JOIN touched AS t
      ON t.aggregate_type = c.aggregate_type AND t.aggregate_id = c.aggregate_id
    LEFT JOIN outbox_head_of(c.aggregate_type, c.aggregate_id) AS h ON true
    WHERE NOT outbox_holds(c.kind, c.version, c.event_types, coalesce(h.version, 0), h.last_versions)
      AND (t.aggregate_id IS NULL OR (t.has_new AND NOT t.spoilt))
      AND (NOT EXISTS (SELECT FROM given)
           OR EXISTS (SELECT FROM touched AS u WHERE u.has_new AND NOT u.spoilt))
  ),
  unit AS MATERIALIZED (
    SELECT NOT each_aggregate AND EXISTS (SELECT FROM touched AS t WHERE t.spoilt) AS reuses,
           EXISTS (SELECT FROM failed AS f WHERE NOT each_aggregate OR NOT f.touches) AS fails
  )
  SELECT b.place::integer, b.outcome, true, NULL::bigint, NULL::integer,
         b.aggregate_type, b.aggregate_id, NULL::bigint, NULL::integer
  FROM by_id AS b, unit AS u
  WHERE u.reuses AND b.outcome = 'EVENT_ID_REUSED'
  UNION ALL
  SELECT 0, 'CONDITION_FAILED', true, NULL, NULL, f.aggregate_type, f.aggregate_id, f.version, f.condition
  FROM failed AS f, unit AS u
  WHERE u.fails AND NOT u.reuses
  UNION ALL
  SELECT b.place::integer,
         CASE WHEN b.outcome = 'replayed' THEN b.outcome
              WHEN t.spoilt THEN 'EVENT_ID_REUSED'
              WHEN f.condition IS NOT NULL THEN 'CONDITION_FAILED'
              ELSE b.outcome END,
         false, b.position, b.first_place::integer, b.aggregate_type, b.aggregate_id, f.version, f.condition
  FROM unit AS u, by_id AS b
  JOIN touched AS t ON t.aggregate_type = b.aggregate_type AND t.aggregate_id = b.aggregate_id
  LEFT JOIN LATERAL (
    SELECT * FROM failed AS x
    WHERE x.aggregate_type = b.aggregate_type AND x.aggregate_id = b.aggregate_id
    ORDER BY x.condition LIMIT 1
  ) AS f ON true
  WHERE NOT u.reuses AND NOT u.fails
  ORDER BY 1, 9
$$;
