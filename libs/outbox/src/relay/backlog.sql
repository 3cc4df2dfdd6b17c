-- What waits to be published. Exact up to 10,000 events; above, head minus the lowest cursor, which
-- counts what lanes ahead of it have published already. Reads forward from the lowest cursor.
WITH cursors AS (
  SELECT min(position) AS lowest FROM outbox_lanes
), waiting AS (
  SELECT outbox_events.stored_at
  FROM outbox_events JOIN outbox_lanes USING (lane)
  WHERE outbox_events.position > (SELECT lowest FROM cursors)
    AND outbox_events.position > outbox_lanes.position
  ORDER BY outbox_events.position
  LIMIT 10000
)
SELECT CASE WHEN count(*) < 10000 THEN count(*)
            ELSE (SELECT last_position FROM outbox_log) - (SELECT lowest FROM cursors)
       END AS pending,
       extract(epoch FROM clock_timestamp() - min(stored_at))::float8 AS "oldestAgeSeconds"
FROM waiting
