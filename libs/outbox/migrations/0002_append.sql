-- Breaking: no. outbox_append, the only writer of events, heads of aggregates and stored answers.
--
-- One call appends the units of many callers: it takes the log's lock, judges each unit against
-- the log as the units before it left it, gives positions and versions, and inserts. A refusal is a
-- row of the answer, never an exception, so that one caller's refusal leaves the others alone.
--
--   lock       the row of outbox_log, in a statement of its own: under READ COMMITTED every later
--              statement of the function then sees all that was committed before the lock was got
--   simple     a unit whose key is new, whose ids are new and whose conditions hold whatever the
--              units before it do; neighbours that are simple are stored together, as one set
--   other      judged and stored alone (outbox_append_unit), in its place
--
-- Lookups are LATERAL … LIMIT 1 so that no plan, cached while a table was small, can scan it. Plans
-- are generic: replanning for the sizes of the arrays cost half the time of a call with one event
-- (1.0 ms instead of 0.5 ms on a busy machine).

CREATE TYPE outbox_new_event AS (
  unit           integer,
  index          integer,
  event_id       uuid,
  -- Whether the id may be in the log already.
  probed         boolean,
  event_type     text COLLATE "C",
  schema_version integer,
  aggregate_type text COLLATE "C",
  aggregate_id   text COLLATE "C",
  lane           smallint,
  payload        bytea,
  headers        jsonb,
  tenant         text,
  source         text,
  occurred_at    timestamptz
);

CREATE TYPE outbox_unit AS (
  unit         integer,
  -- Whether each aggregate stands for itself, instead of all or nothing.
  each         boolean,
  -- How many events it has, and how many the units before it have.
  size         integer,
  before       integer,
  -- [{"aggregate_type", "aggregate_id", "kind", "version", "event_types"}]; null = none.
  conditions   jsonb,
  -- The key; null where nothing is stored for retries.
  principal    text COLLATE "C",
  method       text COLLATE "C",
  request_id   text COLLATE "C",
  request_hash bytea,
  reply        bytea
);

-- A row of the answer. The first row, of unit -1, has epoch and stored_at of all that the call
-- stored. A row with index -2 says that its unit was refused, or replayed from the answer to an
-- earlier call with the same key; without one, its answers are new. Index -1 is a refusal of the
-- unit as such, 0 … of that event.
CREATE TYPE outbox_answer AS (
  unit              integer,
  index             integer,
  -- stored; replayed; or the reason of a refusal
  outcome           text,
  position          bigint,
  aggregate_version bigint,
  type_sequence     bigint,
  previous          jsonb,
  occurred_at       text,
  -- Below: null for an event stored by this call, whose caller knows them.
  stored_at         text,
  epoch             text,
  event_id          uuid,
  event_type        text,
  aggregate_type    text,
  aggregate_id      text,
  current_version   bigint,
  condition         integer,
  reply             bytea
);

-- RFC 3339 in UTC with microseconds, as all times leave the log.
CREATE FUNCTION outbox_time(at timestamptz) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE AS $$
  SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
$$;

-- The epoch that a position belongs to.
CREATE FUNCTION outbox_epoch_of(place bigint) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE AS $$
  SELECT epoch FROM outbox_epochs
  WHERE first_position <= place
  ORDER BY first_position DESC, ordinal DESC
  LIMIT 1
$$;

-- Whether a condition holds for an aggregate with this head (version 0 = it has no event).
CREATE FUNCTION outbox_holds(
  kind text, wanted bigint, event_types jsonb, version bigint, last_versions jsonb
) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE kind
    WHEN 'any' THEN true
    WHEN 'absent' THEN version = 0
    WHEN 'exists' THEN version > 0
    WHEN 'version' THEN version = wanted
    WHEN 'none_since' THEN NOT EXISTS (
      SELECT FROM jsonb_array_elements_text(event_types) AS t(event_type)
      WHERE (last_versions ->> t.event_type)::bigint > wanted)
    ELSE false
  END
$$;

-- Gives versions to events and inserts them, in the order of the array, from `first_position` on;
-- moves the heads of their aggregates. Everything was judged before.
--
-- Where no aggregate occurs twice, one statement does it all. Else a loop carries the state of an
-- aggregate from one event to the next, which stays linear when all events belong to one.
CREATE FUNCTION outbox_store(events outbox_new_event[], first_position bigint, stored timestamptz)
RETURNS SETOF outbox_answer
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  size       constant integer := cardinality(events);
  -- By place in `events`.
  versions   bigint[];
  sequences  bigint[];
  previous   jsonb[];
  -- Heads after, one per aggregate.
  heads      integer := 0;
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
        SELECT e.*, first_position + e.place - 1 AS position, coalesce(a.version, 0) + 1 AS version,
               coalesce(a.last_versions, '{}') AS before, coalesce(a.type_counts, '{}') AS counts,
               coalesce((a.type_counts ->> e.event_type)::bigint, 0) + 1 AS sequence
        FROM unnest(events) WITH ORDINALITY AS e(
               unit, index, event_id, probed, event_type, schema_version, aggregate_type,
               aggregate_id, lane, payload, headers, tenant, source, occurred_at, place)
        LEFT JOIN LATERAL (
          SELECT h.version, h.last_versions, h.type_counts
          FROM outbox_aggregates AS h
          WHERE h.aggregate_type = e.aggregate_type AND h.aggregate_id = e.aggregate_id
          LIMIT 1
        ) AS a ON true
      ), inserted AS (
        INSERT INTO outbox_events (
          position, aggregate_version, type_sequence, occurred_at, stored_at, event_id,
          schema_version, lane, event_type, aggregate_type, aggregate_id, source, tenant, previous,
          headers, payload)
        SELECT p.position, p.version, p.sequence, coalesce(p.occurred_at, stored), stored, p.event_id,
               p.schema_version, p.lane, p.event_type, p.aggregate_type, p.aggregate_id, p.source,
               p.tenant, p.before, p.headers, p.payload
        FROM placed AS p
      ), moved AS (
        INSERT INTO outbox_aggregates AS a (
          aggregate_type, aggregate_id, version, last_versions, type_counts)
        SELECT p.aggregate_type, p.aggregate_id, p.version,
               p.before || jsonb_build_object(p.event_type, p.version),
               p.counts || jsonb_build_object(p.event_type, p.sequence)
        FROM placed AS p
        ON CONFLICT (aggregate_type, aggregate_id) DO UPDATE
        SET version = excluded.version, last_versions = excluded.last_versions,
            type_counts = excluded.type_counts
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
           a.version, a.last_versions, a.type_counts
    FROM unnest(events) WITH ORDINALITY AS e(
           unit, index, event_id, probed, event_type, schema_version, aggregate_type, aggregate_id,
           lane, payload, headers, tenant, source, occurred_at, place)
    LEFT JOIN LATERAL (
      SELECT h.version, h.last_versions, h.type_counts
      FROM outbox_aggregates AS h
      WHERE h.aggregate_type = e.aggregate_type AND h.aggregate_id = e.aggregate_id
      LIMIT 1
    ) AS a ON true
    ORDER BY e.aggregate_type, e.aggregate_id, e.place
  LOOP
    IF heads = 0 OR event.aggregate_id <> ids[heads] OR event.aggregate_type <> types[heads] THEN
      heads := heads + 1;
      types[heads] := event.aggregate_type;
      ids[heads] := event.aggregate_id;
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

  INSERT INTO outbox_aggregates AS a (aggregate_type, aggregate_id, version, last_versions, type_counts)
  SELECT * FROM unnest(types, ids, head_versions, head_last, head_counts)
  ON CONFLICT (aggregate_type, aggregate_id) DO UPDATE
  SET version = excluded.version, last_versions = excluded.last_versions,
      type_counts = excluded.type_counts;

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

-- Stored answers as rows: see outbox_requests.answers.
CREATE FUNCTION outbox_answers(unit integer, answers jsonb) RETURNS SETOF outbox_answer
LANGUAGE sql STABLE AS $$
  SELECT unit, coalesce((g.answer ->> 'index')::integer, g.place::integer - 1),
         CASE WHEN g.answer ? 'reason' THEN g.answer ->> 'reason'
              WHEN g.answer ? 'replayed' THEN 'replayed'
              ELSE 'stored' END,
         s.position, s.aggregate_version, s.type_sequence, s.previous, outbox_time(s.occurred_at),
         outbox_time(s.stored_at), outbox_epoch_of(s.position), s.event_id, s.event_type,
         coalesce(s.aggregate_type, g.answer ->> 'aggregate_type'),
         coalesce(s.aggregate_id, g.answer ->> 'aggregate_id'),
         (g.answer ->> 'current_version')::bigint, (g.answer ->> 'condition')::integer, NULL::bytea
  FROM jsonb_array_elements(answers) WITH ORDINALITY AS g(answer, place)
  LEFT JOIN LATERAL (
    SELECT * FROM outbox_events AS e
    WHERE e.position = CASE jsonb_typeof(g.answer)
                         WHEN 'number' THEN g.answer::bigint
                         ELSE (g.answer ->> 'replayed')::bigint END
    LIMIT 1
  ) AS s ON true
  ORDER BY g.place
$$;

-- What becomes of the events of one unit. Without a row that refuses the unit: one row per event, in
-- order of place. Else only rows that say why: per reused event id, or per failed condition
-- (place 0).
CREATE TYPE outbox_verdict AS (
  place           integer,
  -- new; replayed: in the log at `position`; same: as the event of this unit at place `same_as`;
  -- EVENT_ID_REUSED; CONDITION_FAILED
  outcome         text,
  refuses_unit    boolean,
  position        bigint,
  same_as         integer,
  aggregate_type  text,
  aggregate_id    text,
  current_version bigint,
  condition       integer
);

CREATE FUNCTION outbox_judge(events outbox_new_event[], each_aggregate boolean, conditions jsonb)
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
    LEFT JOIN LATERAL (
      SELECT * FROM outbox_aggregates AS a
      WHERE a.aggregate_type = c.aggregate_type AND a.aggregate_id = c.aggregate_id
      LIMIT 1
    ) AS h ON true
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

-- The answer to a request that was stored before, with its header; a refusal when the key was used
-- for another request; no row when the key is not known.
CREATE FUNCTION outbox_known_request(
  number integer, of_principal text, of_method text, of_request_id text, hash bytea, at timestamptz
) RETURNS SETOF outbox_answer
LANGUAGE plpgsql STABLE AS $$
DECLARE
  known  outbox_requests%ROWTYPE;
  header outbox_answer;
BEGIN
  SELECT * INTO known FROM outbox_requests AS r
  WHERE r.principal = of_principal AND r.method = of_method AND r.request_id = of_request_id
    AND r.expires_at > at;
  IF NOT FOUND THEN RETURN; END IF;
  header.unit := number;
  header.index := -2;
  IF known.request_hash <> hash THEN
    header.outcome := 'refused';
    known.answers := '[{"index": -1, "reason": "REQUEST_ID_REUSED"}]';
  ELSE
    header.outcome := 'replayed';
    header.reply := known.reply;
  END IF;
  RETURN NEXT header;
  RETURN QUERY SELECT * FROM outbox_answers(number, known.answers);
END $$;

-- Stores the answers to the requests of these units, by place, for 7 days. A row that is there has
-- expired: a live one would have been answered.
CREATE FUNCTION outbox_keep_answers(units outbox_unit[], unit_answers jsonb[], stored timestamptz)
RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  INSERT INTO outbox_requests (principal, method, request_id, request_hash, answers, reply, expires_at)
  SELECT u.principal, u.method, u.request_id, u.request_hash, u.answers, u.reply,
         stored + interval '7 days'
  FROM ROWS FROM (unnest(units), unnest(unit_answers)) AS u(
         unit, each, size, before, conditions, principal, method, request_id, request_hash, reply,
         answers)
  WHERE u.principal IS NOT NULL
  ON CONFLICT (principal, method, request_id) DO UPDATE
  SET request_hash = excluded.request_hash, answers = excluded.answers, reply = excluded.reply,
      expires_at = excluded.expires_at;
END $$;

-- A refusal as an element of answers.
CREATE FUNCTION outbox_refusal(verdict outbox_verdict) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
  SELECT jsonb_strip_nulls(jsonb_build_object(
    'index', verdict.place - 1, 'reason', verdict.outcome,
    'aggregate_type', verdict.aggregate_type, 'aggregate_id', verdict.aggregate_id,
    'current_version', verdict.current_version, 'condition', verdict.condition))
$$;

-- Judges and stores one unit: request key; event ids; conditions, against the state before the unit.
CREATE FUNCTION outbox_append_unit(
  unit outbox_unit, events outbox_new_event[], first_position bigint, stored timestamptz
) RETURNS SETOF outbox_answer
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  header    outbox_answer;
  verdicts  outbox_verdict[];
  fresh     outbox_new_event[];
  positions bigint[];
  answers   jsonb;
BEGIN
  header.unit := unit.unit;
  header.index := -2;
  IF unit.principal IS NOT NULL THEN
    RETURN QUERY SELECT * FROM outbox_known_request(
      unit.unit, unit.principal, unit.method, unit.request_id, unit.request_hash, stored);
    IF FOUND THEN RETURN; END IF;
  END IF;

  verdicts := ARRAY(SELECT v FROM outbox_judge(events, unit.each, unit.conditions) AS v);
  IF verdicts[1].refuses_unit THEN
    header.outcome := 'refused';
    RETURN NEXT header;
    answers := (SELECT jsonb_agg(outbox_refusal(v.*)) FROM unnest(verdicts) AS v);
    RETURN QUERY SELECT * FROM outbox_answers(unit.unit, answers);
    RETURN;
  END IF;

  fresh := ARRAY(SELECT events[v.place] FROM unnest(verdicts) AS v WHERE v.outcome = 'new' ORDER BY v.place);
  IF cardinality(fresh) > 0 THEN
    PERFORM outbox_store(fresh, first_position, stored);
  END IF;
  -- By place: where the last new event up to there went.
  positions := ARRAY(
    SELECT first_position - 1 + count(*) FILTER (WHERE v.outcome = 'new') OVER (ORDER BY v.place)
    FROM unnest(verdicts) AS v ORDER BY v.place);
  answers := (
    SELECT coalesce(jsonb_agg(
             CASE v.outcome
               WHEN 'new' THEN to_jsonb(positions[v.place])
               WHEN 'same' THEN jsonb_build_object('replayed', positions[v.same_as])
               WHEN 'replayed' THEN jsonb_build_object('replayed', v.position)
               ELSE outbox_refusal(v.*)
             END ORDER BY v.place), '[]')
    FROM unnest(verdicts) AS v);
  -- Where nothing was stored because everything was refused, the request may be decided again.
  IF unit.principal IS NOT NULL AND (unit.size = 0 OR jsonb_path_exists(answers, '$[*] ? (!exists(@.reason))')) THEN
    PERFORM outbox_keep_answers(ARRAY[unit], ARRAY[answers], stored);
  END IF;
  RETURN QUERY SELECT * FROM outbox_answers(unit.unit, answers);
END $$;

-- The units (from 0) that must be judged alone: whose key or one of whose ids is known or occurs
-- twice in this call; with a condition that fails, or that units before it may make fail.
CREATE FUNCTION outbox_not_simple(units outbox_unit[], events outbox_new_event[])
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
        LEFT JOIN LATERAL (
          SELECT * FROM outbox_aggregates AS a
          WHERE a.aggregate_type = c.aggregate_type AND a.aggregate_id = c.aggregate_id
          LIMIT 1
        ) AS h ON true
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

-- Appends units. Events come as columns, those of one unit side by side and units in order;
-- payloads as one value that `payload_from` (1 = first byte) and `payload_size` cut. A unit's place
-- in the columns is its number, from 0.
CREATE FUNCTION outbox_append(
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
  -- The start of the postmaster alone tells that it is another one; the rest tells which.
  IF log.incarnation NOT LIKE '%/' || extract(epoch FROM pg_postmaster_start_time()) THEN
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

-- A new epoch from the next position on, as an operator asks for it after the log lost its tail.
CREATE FUNCTION outbox_rebase() RETURNS TABLE (epoch text, "position" bigint)
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  log outbox_log%ROWTYPE;
BEGIN
  SELECT * INTO STRICT log FROM outbox_log FOR UPDATE;
  epoch := outbox_begin_epoch(log.last_position + 1);
  "position" := log.last_position;
  UPDATE outbox_log AS l SET epoch = outbox_rebase.epoch, incarnation = outbox_incarnation();
  RETURN NEXT;
END $$;
