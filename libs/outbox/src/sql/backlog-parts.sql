-- What is not yet published by lane and type, looking at no more than $1 positions above the lowest
-- cursor.
WITH log AS (
  SELECT (SELECT min(n.position) FROM outbox_lanes AS n) AS lowest
), waiting AS (
  SELECT e.lane, e.event_type, e.stored_at
  FROM log
  JOIN outbox_events AS e ON e.position > log.lowest AND e.position <= log.lowest + $1::bigint
  JOIN outbox_lanes AS n ON n.lane = e.lane AND n.position < e.position
)
SELECT w.lane, w.event_type, count(*) AS pending,
       (extract(epoch FROM clock_timestamp() - min(w.stored_at)) * 1000)::float8 AS oldest_age_ms
FROM waiting AS w
GROUP BY w.lane, w.event_type
