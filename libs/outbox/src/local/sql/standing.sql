-- How far the outbox is forwarded. What is committed and not forwarded, and what is parked, is counted
-- up to 10,000; ages are of what was counted. Versions have no holes, so the head of an aggregate
-- tells how many of its events wait.
WITH pending AS (
  SELECT count(*) AS events, min(w.appended_at) AS oldest
  FROM (
    SELECT e.appended_at FROM local_outbox AS o, local_outbox_events AS e
    WHERE e.xid >= pg_snapshot_xmax(o.done)
    UNION ALL
    SELECT e.appended_at FROM local_outbox AS o, local_outbox_events AS e
    WHERE e.xid = ANY (ARRAY(SELECT pg_snapshot_xip(o.done)))
    LIMIT 10000
  ) AS w
), parked AS (
  SELECT count(*) AS aggregates, coalesce(sum(a.version - p.next_version + 1), 0)::bigint AS events,
         min(p.parked_at) AS oldest
  FROM (SELECT * FROM local_outbox_parked LIMIT 10000) AS p
  LEFT JOIN local_outbox_aggregates AS a USING (aggregate_type, aggregate_id)
)
SELECT coalesce(o.lease_until > clock_timestamp(), false) AS is_forwarded, o.log_position,
       w.events AS pending,
       (extract(epoch FROM clock_timestamp() - w.oldest) * 1000)::float8 AS pending_age_ms,
       p.aggregates AS parked_aggregates, p.events AS parked_events,
       (extract(epoch FROM clock_timestamp() - p.oldest) * 1000)::float8 AS parked_age_ms
FROM local_outbox AS o, pending AS w, parked AS p
