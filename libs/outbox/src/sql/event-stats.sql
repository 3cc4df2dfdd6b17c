-- What was stored after position $1, by type, of the last $2 positions of the log at most. No payload
-- is read: the length of a large one is known without it.
WITH part AS (
  SELECT greatest($1::bigint, l.last_position - $2::bigint) AS after, l.last_position AS head
  FROM outbox_log AS l
)
SELECT e.event_type, e.aggregate_type, count(*) AS events,
       count(DISTINCT e.aggregate_id) AS aggregates,
       sum(octet_length(e.payload))::bigint AS payload_bytes,
       outbox_time(max(e.stored_at)) AS last_stored_at
FROM part
JOIN outbox_events AS e ON e.position > part.after AND e.position <= part.head
GROUP BY e.event_type, e.aggregate_type
ORDER BY events DESC, e.event_type
