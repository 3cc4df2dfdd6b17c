-- What is committed and not forwarded, counted up to 10,000, and since when.
SELECT count(*) AS pending, min(w.appended_at) AS oldest
FROM (
  SELECT e.appended_at FROM local_outbox AS o, local_outbox_events AS e
  WHERE e.xid >= pg_snapshot_xmax(o.done)
  UNION ALL
  SELECT e.appended_at FROM local_outbox AS o, local_outbox_events AS e
  WHERE e.xid = ANY (ARRAY(SELECT pg_snapshot_xip(o.done)))
  LIMIT 10000
) AS w
