-- What is not yet published, looking at no more than $1 positions: those above the lowest cursor. Is
-- the head further away, then head minus lowest cursor, which is at least as much, and the age of
-- the first pending event among those looked at, else of the first of all above the cursor.
WITH log AS (
  SELECT l.last_position AS head, (SELECT min(n.position) FROM outbox_lanes AS n) AS lowest
  FROM outbox_log AS l
), waiting AS (
  SELECT e.stored_at
  FROM log
  JOIN outbox_events AS e ON e.position > log.lowest AND e.position <= log.lowest + $1::bigint
  JOIN outbox_lanes AS n ON n.lane = e.lane AND n.position < e.position
)
SELECT log.head - log.lowest > $1::bigint AS is_upper_bound,
       CASE WHEN log.head - log.lowest > $1::bigint THEN log.head - log.lowest
            ELSE (SELECT count(*) FROM waiting) END AS pending,
       (extract(epoch FROM clock_timestamp() - coalesce(
          (SELECT min(w.stored_at) FROM waiting AS w),
          CASE WHEN log.head - log.lowest > $1::bigint
               THEN (SELECT e.stored_at FROM outbox_events AS e WHERE e.position = log.lowest + 1) END
        )) * 1000)::float8 AS oldest_age_ms
FROM log
