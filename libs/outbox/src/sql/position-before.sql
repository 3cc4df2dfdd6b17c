-- The last position whose event was stored before $1, 0 when there is none: positions are dense and
-- stored_at never decreases with them, so it is found by halves, one row each.
WITH RECURSIVE halves AS (
  -- Stored before $1 up to `low`, not before it from `high` on.
  SELECT 0::bigint AS low, l.last_position + 1 AS high FROM outbox_log AS l
  UNION ALL
  SELECT CASE WHEN e.stored_at < $1::timestamptz THEN m.middle ELSE h.low END,
         CASE WHEN e.stored_at < $1::timestamptz THEN h.high ELSE m.middle END
  FROM halves AS h
  CROSS JOIN LATERAL (SELECT (h.low + h.high) / 2 AS middle) AS m
  JOIN outbox_events AS e ON e.position = m.middle
  WHERE h.high - h.low > 1
)
SELECT f.low AS position,
       coalesce(outbox_epoch_of(f.low), (SELECT epoch FROM outbox_epochs ORDER BY ordinal LIMIT 1))
         AS epoch
FROM halves AS f
ORDER BY f.high - f.low
LIMIT 1
